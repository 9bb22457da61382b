"""The ECS service itself, whoever deploys it."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.ecs.auto_scaling import MIN_TASKS
from infra.constructs.stack import take
from infra.shop import CLUSTER, CONTAINER, CONTAINER_PORT, Service


def fargate_service(
    scope: Construct, *, service: Service, target_group_arn: str, advanced: Any = None, **deployments: Any
) -> ecs.CfnService:
    """Private, without a shell into its containers. `deployments` says who replaces it and how."""
    return ecs.CfnService(
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
                subnets=cdk.Fn.split(",", take("network", "PrivateSubnets"), 2),
                security_groups=[take("network", f"{service.name.title()}SecurityGroup")],
                assign_public_ip="DISABLED",
            )
        ),
        load_balancers=[
            ecs.CfnService.LoadBalancerProperty(
                container_name=CONTAINER,
                container_port=CONTAINER_PORT,
                target_group_arn=target_group_arn,
                advanced_configuration=advanced,
            )
        ],
        **deployments,
    )
