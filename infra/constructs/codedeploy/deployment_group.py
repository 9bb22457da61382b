"""CodeDeploy's deployment group of a service: what it replaces, how it shifts traffic, what rolls it back."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.codedeploy.canary import canary_parameter
from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.constructs.network.vpc import import_vpc
from infra.constructs.stack import arn, import_value
from infra.shop import CLUSTER, CODEDEPLOY_APPLICATION, SERVICES

# After the last shift: time to go back at once; blue's tasks are paid for until then
BLUE_STAYS = cdk.Duration.minutes(5)


def deployment_group(
    scope: Construct,
    target_groups: TargetGroupPair,
    ecs_service: ecs.CfnService,
    *,
    alarms: list[cloudwatch.Alarm],
) -> None:
    """Make the group. Each service has its own: a group takes one ECS service and two target groups."""
    service = target_groups.service
    imported = Construct(scope, "imported")  # for resources of other stacks, as constructs
    cluster = ecs.Cluster.from_cluster_attributes(
        imported, "cluster", cluster_name=CLUSTER, vpc=import_vpc(imported)
    )
    group = codedeploy.EcsDeploymentGroup(
        scope,
        "DeploymentGroup",
        deployment_group_name=service.name,
        application=codedeploy.EcsApplication.from_ecs_application_name(
            imported, "application", CODEDEPLOY_APPLICATION
        ),
        service=ecs.FargateService.from_fargate_service_attributes(
            imported, "service", cluster=cluster, service_name=service.name
        ),
        deployment_config=codedeploy.EcsDeploymentConfig.from_ecs_deployment_config_name(
            imported, "configuration", canary_parameter(scope).value_as_string
        ),
        # Not mutable: CDK would attach AWS's managed policy, which may touch every service and every function
        role=iam.Role.from_role_arn(
            imported, "role", import_value("platform", "DeployerRoleArn"), mutable=False
        ),
        blue_green_deployment_config=codedeploy.EcsBlueGreenDeploymentConfig(
            blue_target_group=target_groups.blue,
            green_target_group=target_groups.green,
            listener=target_groups.production,
            test_listener=target_groups.test,
            termination_wait_time=BLUE_STAYS,
        ),
        alarms=list(alarms),
        auto_rollback=codedeploy.AutoRollbackConfig(
            failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
        ),
    )
    group.node.add_dependency(ecs_service)


def deployment_group_arns() -> list[str]:
    """The ARNs of the three services' deployment groups."""
    return [
        arn("codedeploy", f"deploymentgroup:{CODEDEPLOY_APPLICATION}/{service.name}") for service in SERVICES
    ]
