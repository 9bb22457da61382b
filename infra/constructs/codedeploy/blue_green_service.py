"""A service that CodeDeploy deploys blue/green: the ECS service, its scaling, alarms and deployment group."""

from aws_cdk import aws_ecs as ecs

from infra.constructs.codedeploy.deployment_alarms import DeploymentAlarms
from infra.constructs.codedeploy.deployment_group import deployment_group
from infra.constructs.ecs.auto_scaling import AutoScaling
from infra.constructs.ecs.fargate_service import fargate_service
from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.constructs.stack import LanternStack


def blue_green_service(
    stack: LanternStack, target_groups: TargetGroupPair, task_definition: ecs.CfnTaskDefinition
) -> None:
    """Make the service; CodeDeploy shifts its traffic and rolls back when one of the alarms goes off."""
    ecs_service = fargate_service(
        stack,
        target_groups,
        # The family without a revision: CloudFormation refuses to change the task definition of a service
        # that CodeDeploy owns, so it must never see it change
        task_definition=target_groups.service.family,
        deployment_controller=ecs.CfnService.DeploymentControllerProperty(type="CODE_DEPLOY"),
    )
    ecs_service.add_resource_dependency(task_definition)
    AutoScaling(stack, target_groups, ecs_service)
    deployment_group(stack, target_groups, ecs_service, alarms=DeploymentAlarms(stack, target_groups).all)
