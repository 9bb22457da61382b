"""When a service's stack may not be updated."""

import pytest

from infra.operations import deployment_guard
from infra.operations.errors import AccountError
from infra.operations.stacks import Change
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION
from tests.unit.infra.operations.stubs import StubbedAccount

LISTENER = Change(
    action="Modify",
    resource="ProductionListener",
    type="AWS::ElasticLoadBalancingV2::Listener",
    replacement="False",
)
ALARM = Change(
    action="Modify", resource="BlueErrorsAlarm", type="AWS::CloudWatch::Alarm", replacement="False"
)


def account_with(colour, deployments=()):
    account = StubbedAccount()
    account.expect("codedeploy", "list_deployments", {"deployments": list(deployments)})
    group = f"targetgroup/lantern-orders-{colour}/73e2d6bc24d8a067"
    arn = f"arn:aws:elasticloadbalancing:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:{group}"
    task_sets = [
        {"status": "PRIMARY", "loadBalancers": [{"targetGroupArn": arn}]},
        {"status": "ACTIVE", "loadBalancers": []},
    ]
    account.expect(
        "ecs",
        "describe_services",
        {"services": [{"serviceName": "orders", "taskSets": task_sets}]},
        {"cluster": "lantern", "services": ["orders"]},
    )
    return account


def test_a_listener_may_change_while_blue_has_the_traffic():
    deployment_guard.check(account_with("blue"), "orders", [LISTENER])


def test_a_listener_may_not_change_while_green_has_the_traffic():
    with pytest.raises(AccountError, match="touches ProductionListener while green has the traffic"):
        deployment_guard.check(account_with("green"), "orders", [LISTENER])


def test_an_alarm_may_change_whoever_has_the_traffic():
    deployment_guard.check(account_with("green"), "orders", [ALARM])


def test_a_service_under_codedeploy_may_not_be_modified_whoever_has_the_traffic():
    """ECS would refuse the update half-way, and CloudFormation its rollback too."""
    service = Change(action="Modify", resource="Service", type="AWS::ECS::Service", replacement="False")

    with pytest.raises(AccountError, match=r"modifies Service\. .*'aws ecs update-service --cluster lantern"):
        deployment_guard.check(account_with("blue"), "orders", [service])


def test_nothing_may_change_while_a_deployment_runs():
    with pytest.raises(AccountError, match="deployment d-ABCDEF123 is running; wait for it, or stop it"):
        deployment_guard.check(account_with("blue", ["d-ABCDEF123"]), "orders", [ALARM])


def test_no_deployment_group_is_no_running_deployment():
    account = StubbedAccount()
    account.refuse("codedeploy", "list_deployments", "DeploymentGroupDoesNotExistException")

    assert deployment_guard.running_deployments(account, "orders") == []
