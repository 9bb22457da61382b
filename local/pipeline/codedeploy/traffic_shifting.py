"""How a deployment shifts production traffic: CodeDeploy's predefined deployment configurations for ECS.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs
"""

from dataclasses import dataclass

from local.pipeline.architecture import ArchitectureError

PREDEFINED = {  # name → kind, percent, minutes
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": ("Linear", 10, 1),
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": ("Linear", 10, 3),
    "CodeDeployDefault.ECSCanary10Percent5Minutes": ("Canary", 10, 5),
    "CodeDeployDefault.ECSCanary10Percent15Minutes": ("Canary", 10, 15),
    "CodeDeployDefault.ECSAllAtOnce": ("AllAtOnce", 100, 0),
}


class UnknownDeploymentConfig(ArchitectureError):
    """No predefined deployment configuration has this name; the message lists those that exist."""


@dataclass(frozen=True, slots=True)
class TrafficShift:
    """A canary, a linear shift, or everything at once."""

    kind: str
    percent: int
    minutes: float

    def steps(self) -> list[tuple[int, float]]:
        """Return green's share after each step, in percent, with the minutes until the next step."""
        if self.kind == "AllAtOnce":
            return [(100, 0)]
        if self.kind == "Canary":
            return [(self.percent, self.minutes), (100, 0)]
        shares = [*range(self.percent, 100, self.percent), 100]
        return [(share, self.minutes if share < 100 else 0) for share in shares]


def traffic_shift(config: str) -> TrafficShift:
    """Return the traffic shift of a deployment configuration. Raises UnknownDeploymentConfig."""
    if config not in PREDEFINED:
        raise UnknownDeploymentConfig(
            f"DeploymentConfigName {config!r}: expected one that CodeDeploy has ready: "
            f"{', '.join(PREDEFINED)}"
        )
    return TrafficShift(*PREDEFINED[config])
