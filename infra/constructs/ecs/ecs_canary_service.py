"""A service that ECS itself deploys by canary, without CodeDeploy: percentage, bake times, role."""

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.codedeploy.deployment_alarms import DeploymentAlarms
from infra.constructs.ecs.auto_scaling import AutoScaling
from infra.constructs.ecs.fargate_service import fargate_service
from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.constructs.load_balancing.traffic_permissions import read_traffic, shift_traffic
from infra.constructs.role import role
from infra.constructs.stack import LanternStack, arn
from infra.shop import PROJECT

CANARY_PERCENT, CANARY_BAKE_MIN, BAKE_MIN = 10, 5, 5


def ecs_canary_service(
    stack: LanternStack, target_groups: TargetGroupPair, task_definition: ecs.CfnTaskDefinition
) -> None:
    """Make the service: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html"""
    alarms = DeploymentAlarms(stack, target_groups)
    ecs_service = fargate_service(
        stack,
        target_groups,
        task_definition=task_definition.ref,
        advanced_configuration=ecs.CfnService.AdvancedConfigurationProperty(
            alternate_target_group_arn=target_groups.green.target_group_arn,
            production_listener_rule=_production_rule(stack, target_groups).listener_rule_arn,
            role_arn=_infrastructure_role(stack, target_groups.service.name).role_arn,
        ),
        deployment_controller=ecs.CfnService.DeploymentControllerProperty(type="ECS"),
        deployment_configuration=_canary([alarm.alarm_name for alarm in alarms.all]),
    )
    AutoScaling(stack, target_groups, ecs_service)


def _production_rule(scope: Construct, target_groups: TargetGroupPair) -> elb.ApplicationListenerRule:
    """The rule whose weights ECS shifts: it can't shift those of a listener's default action."""
    weights = ((target_groups.blue, 1), (target_groups.green, 0))
    return elb.ApplicationListenerRule(
        scope,
        "ProductionRule",
        listener=target_groups.production,
        priority=1,
        conditions=[elb.ListenerCondition.path_patterns(["/*"])],
        action=elb.ListenerAction.weighted_forward(
            [
                elb.WeightedTargetGroup(target_group=target_group, weight=weight)
                for target_group, weight in weights
            ]
        ),
    )


def _infrastructure_role(scope: Construct, service: str) -> iam.Role:
    """The role with which ECS moves traffic.

    AWS's AmazonECSInfrastructureRolePolicyForLoadBalancers allows the same on every load balancer.
    """
    register = iam.PolicyStatement(
        sid="Register",
        actions=["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
        resources=[arn("elasticloadbalancing", f"targetgroup/{PROJECT}-{service}-*/*")],
    )
    return role(
        scope,
        "ShifterRole",
        f"{PROJECT}-{service}-shifter",
        "ecs",
        [read_traffic("DescribeTargetHealth"), shift_traffic(), register],
    )


def _canary(alarms: list[str]) -> ecs.CfnService.DeploymentConfigurationProperty:
    return ecs.CfnService.DeploymentConfigurationProperty(
        strategy="CANARY",
        canary_configuration=ecs.CfnService.CanaryConfigurationProperty(
            canary_percent=CANARY_PERCENT, canary_bake_time_in_minutes=CANARY_BAKE_MIN
        ),
        bake_time_in_minutes=BAKE_MIN,
        maximum_percent=200,
        minimum_healthy_percent=100,
        alarms=ecs.CfnService.DeploymentAlarmsProperty(alarm_names=alarms, enable=True, rollback=True),
        deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(
            enable=True, rollback=True
        ),
    )
