"""infra.template resolves templates as CloudFormation would."""

import pytest

from infra.shop import EXAMPLE_ACCOUNT
from infra.template import Stack, TemplateError, load


def stack(resources, parameters=None, **parts):
    return Stack("lantern-test", {"Resources": resources, **parts}, parameters or {}, {"other-Thing": "a,b"})


def properties(value, **parts):
    test_stack = stack({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Value": value}}}, **parts)
    return next(test_stack.resources()).properties["Value"]


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::Sub": "x/${AWS::AccountId}/${Topic.Arn}"}, f"x/{EXAMPLE_ACCOUNT}/<lantern-test.Topic.Arn>"),
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Partition"}]]}, "a-aws"),
        ({"Fn::Split": [",", {"Fn::ImportValue": "other-Thing"}]}, ["a", "b"]),
        ({"Fn::Select": [1, {"Fn::Split": [",", {"Fn::ImportValue": "other-Thing"}]}]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "us-east-1a"),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"Fn::GetAtt": ["Topic", "TopicName"]}, "<lantern-test.Topic.TopicName>"),
    ],
)
def test_an_intrinsic_function_is_resolved(value, resolved):
    assert properties(value) == resolved


@pytest.mark.parametrize(("egress", "exists"), [("nat", True), ("endpoints", False)])
def test_a_condition_decides_whether_a_resource_is_there(egress, exists):
    test_stack = stack(
        {"Nat": {"Type": "AWS::EC2::NatGateway", "Condition": "WithNat"}},
        {"Egress": egress},
        Parameters={"Egress": {"Type": "String", "Default": "endpoints"}},
        Conditions={"WithNat": {"Fn::Equals": [{"Ref": "Egress"}, "nat"]}},
    )

    assert bool(list(test_stack.resources())) is exists


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Two"}, "refers to Two, which is not in the template"),
        ({"Fn::GetAtt": ["Two", "Arn"]}, "refers to Two, which is not in the template"),
        ({"Fn::ImportValue": "other-Thin"}, "imports other-Thin, which no earlier stack exports"),
        ({"Fn::Magic": 1}, "don't know Fn::Magic"),
        ({"Fn::If": ["Never", 1, 2]}, "there is no condition Never"),
    ],
)
def test_a_loose_reference_is_named(value, message):
    with pytest.raises(TemplateError, match=message):
        properties(value)


def test_every_committed_stack_resolves_whatever_the_parameters_choose():
    """Each parameter's other value too: a condition must not hide a loose reference."""
    for choice in (
        {},
        {"Egress": "nat", "SourceProvider": "Connection", "Approval": "yes", "CertificateArn": "arn"},
    ):
        assert all(list(loaded.resources()) for loaded in load(parameters=choice))
