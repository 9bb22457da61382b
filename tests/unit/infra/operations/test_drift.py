"""Which differences from a template are by design."""

import pytest

from infra.operations import drift


def resource(kind, path, status="MODIFIED"):
    return {
        "LogicalResourceId": "Thing",
        "ResourceType": kind,
        "StackResourceDriftStatus": status,
        "PropertyDifferences": [{"PropertyPath": path, "ExpectedValue": "a", "ActualValue": "b"}],
    }


@pytest.mark.parametrize(
    ("kind", "path", "by_design"),
    [
        ("AWS::ECS::Service", "/TaskDefinition", True),
        ("AWS::ECS::Service", "/DesiredCount", True),
        ("AWS::ECS::Service", "/LoadBalancers/0/TargetGroupArn", True),
        ("AWS::ElasticLoadBalancingV2::Listener", "/DefaultActions/0/ForwardConfig", True),
        ("AWS::ElasticLoadBalancingV2::Listener", "/Port", False),
        ("AWS::ECS::Service", "/EnableExecuteCommand", False),
        ("AWS::Logs::LogGroup", "/RetentionInDays", False),
    ],
)
def test_what_a_deployment_changes_is_by_design_and_nothing_else(kind, path, by_design):
    (difference,) = drift.of_resource("lantern-orders", resource(kind, path))

    assert bool(difference.reason) is by_design


def test_a_deleted_resource_is_a_real_difference():
    (difference,) = drift.of_resource(
        "lantern-orders", resource("AWS::ECS::Service", "/TaskDefinition", "DELETED")
    )

    assert (difference.actual, difference.reason) == ("deleted", "")
