"""How CodeDeploy replaces a service. One group for each: it allows one ECS service and two target groups."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.constructs.stack import take
from infra.shop import CLUSTER, CODEDEPLOY_APPLICATION, Service

BLUE_STAYS_MIN = 5  # after the last shift: time to go back at once; its tasks are paid for until then
ROLLBACK_EVENTS = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]

Group = codedeploy.CfnDeploymentGroup


def deployment_group(
    scope: Construct,
    *,
    service: Service,
    running: ecs.CfnService,
    pair: TargetGroupPair,
    alarms: list[cloudwatch.Alarm],
    configuration: str,
) -> codedeploy.CfnDeploymentGroup:
    """Blue/green with traffic control, by itself: green starts, is tried, gets its share, then all of it."""
    group = Group(
        scope,
        "DeploymentGroup",
        application_name=CODEDEPLOY_APPLICATION,
        deployment_group_name=service.name,
        deployment_config_name=configuration,
        service_role_arn=take("platform", "DeployerRoleArn"),
        ecs_services=[Group.ECSServiceProperty(cluster_name=CLUSTER, service_name=service.name)],
        deployment_style=Group.DeploymentStyleProperty(
            deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL"
        ),
        load_balancer_info=Group.LoadBalancerInfoProperty(target_group_pair_info_list=[_traffic(pair)]),
        blue_green_deployment_configuration=Group.BlueGreenDeploymentConfigurationProperty(
            deployment_ready_option=Group.DeploymentReadyOptionProperty(
                action_on_timeout="CONTINUE_DEPLOYMENT", wait_time_in_minutes=0
            ),
            terminate_blue_instances_on_deployment_success=Group.BlueInstanceTerminationOptionProperty(
                action="TERMINATE", termination_wait_time_in_minutes=BLUE_STAYS_MIN
            ),
        ),
        alarm_configuration=Group.AlarmConfigurationProperty(
            enabled=True, alarms=[Group.AlarmProperty(name=alarm.alarm_name) for alarm in alarms]
        ),
        auto_rollback_configuration=Group.AutoRollbackConfigurationProperty(
            enabled=True, events=ROLLBACK_EVENTS
        ),
    )
    group.add_resource_dependency(running)
    return group


def _traffic(pair: TargetGroupPair) -> codedeploy.CfnDeploymentGroup.TargetGroupPairInfoProperty:
    return Group.TargetGroupPairInfoProperty(
        prod_traffic_route=Group.TrafficRouteProperty(listener_arns=[pair.production.ref]),
        test_traffic_route=Group.TrafficRouteProperty(listener_arns=[pair.test.ref]),
        target_groups=[
            Group.TargetGroupInfoProperty(name=group.attr_target_group_name)
            for group in (pair.blue, pair.green)
        ],
    )
