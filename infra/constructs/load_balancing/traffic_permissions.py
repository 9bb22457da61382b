"""What a role needs to move traffic between target groups."""

from aws_cdk import aws_iam as iam

from infra.constructs.stack import arn
from infra.shop import PROJECT


def read_traffic(*more_actions: str) -> iam.PolicyStatement:
    """Permission to read listeners, rules and target groups; these calls know no resource but `*`."""
    return iam.PolicyStatement(
        sid="ReadTraffic",
        actions=[
            f"elasticloadbalancing:{action}"
            for action in ("DescribeListeners", "DescribeRules", "DescribeTargetGroups", *more_actions)
        ],
        resources=["*"],
    )


def shift_traffic() -> iam.PolicyStatement:
    """Permission to change the listeners of Lantern's two load balancers, and their rules."""
    return iam.PolicyStatement(
        sid="ShiftTraffic",
        actions=["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"],
        resources=[
            arn("elasticloadbalancing", f"{kind}/app/{PROJECT}-{balancer}/*")
            for kind in ("listener", "listener-rule")
            for balancer in ("public", "internal")
        ],
    )
