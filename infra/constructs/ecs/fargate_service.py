"""The ECS service on Fargate, which CodeDeploy or ECS itself deploys."""

from typing import Any

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.ecs.auto_scaling import MIN_TASKS
from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.constructs.network.vpc import ZONES
from infra.constructs.stack import import_value, import_values
from infra.shop import CLUSTER, CONTAINER, CONTAINER_PORT


def fargate_service(
    scope: Construct,
    target_groups: TargetGroupPair,
    *,
    advanced_configuration: Any = None,
    **properties: Any,
) -> ecs.CfnService:
    """A service in private subnets, without a shell into its containers; it starts on the blue target group.

    `properties` are those of `CfnService` that say who deploys it and how. CDK's own construct would build
    the task definition in code; here taskdef.json has it.
    """
    service = target_groups.service
    ecs_service = ecs.CfnService(
        scope,
        "Service",
        cluster=CLUSTER,
        service_name=service.name,
        desired_count=MIN_TASKS,
        launch_type="FARGATE",
        platform_version="LATEST",
        health_check_grace_period_seconds=30,
        enable_execute_command=False,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        network_configuration=ecs.CfnService.NetworkConfigurationProperty(
            awsvpc_configuration=ecs.CfnService.AwsVpcConfigurationProperty(
                subnets=import_values("network", "PrivateSubnets", ZONES),
                security_groups=[import_value("network", f"{service.name.title()}SecurityGroup")],
                assign_public_ip="DISABLED",
            )
        ),
        load_balancers=[
            ecs.CfnService.LoadBalancerProperty(
                container_name=CONTAINER,
                container_port=CONTAINER_PORT,
                target_group_arn=target_groups.blue.target_group_arn,
                advanced_configuration=advanced_configuration,
            )
        ],
        **properties,
    )
    # ECS refuses a target group that no listener forwards to
    ecs_service.node.add_dependency(target_groups.production, target_groups.test)
    return ecs_service
