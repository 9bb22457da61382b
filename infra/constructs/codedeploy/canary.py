"""How much traffic a new version gets first, and for how long: parameter `Canary` of a service's stack."""

import aws_cdk as cdk
from constructs import Construct

# https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs
CONFIGURATIONS = [
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    "CodeDeployDefault.ECSAllAtOnce",
]
DEFAULT = CONFIGURATIONS[0]


def canary_parameter(scope: Construct) -> cdk.CfnParameter:
    """The parameter that takes one of CodeDeploy's predefined deployment configurations for ECS."""
    return cdk.CfnParameter(
        scope,
        "Canary",
        default=DEFAULT,
        allowed_values=CONFIGURATIONS,
        description="How CodeDeploy shifts traffic to a new version",
    )
