"""Green's percentage of production traffic over time: worked out, since CodeDeploy's API keeps no history.

Known are the deployment configuration's percentages, and when the lifecycle event AllowTraffic started and
ended. https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from console.pipeline.deployments import Deployment, LifecycleEvent, TrafficRouting
from console.shared.text import duration

SHIFT = "AllowTraffic"
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Weight:
    """Green's percentage of production traffic from a time on (epoch seconds)."""

    at_s: float
    percent: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights in order, the first at the deployment's start, and how they were worked out."""

    steps: tuple[Weight, ...]
    how: str

    def path(self, start_s: float, end_s: float, width: float, height: float) -> str:
        """Return green's share as the area below a line of steps, as an SVG path."""
        d, length_s = f"M0 {height:g}", max(end_s - start_s, 1e-6)
        places = [
            (width * min(1.0, max(0.0, (step.at_s - start_s) / length_s)), step.percent)
            for step in self.steps
        ]
        for (x, percent), (until, _) in pairwise([*places, (width, 0.0)]):
            y = height * (1 - percent / 100)
            d += f"L{x:.2f} {y:.2f}L{until:.2f} {y:.2f}"
        return f"{d}L{width:g} {height:g}z"

    def words(self) -> str:
        """Return the weights with their times in words, for those who do not see the picture."""
        start_s = self.steps[0].at_s
        return ", ".join(f"{step.percent:g} % after {duration(step.at_s - start_s)}" for step in self.steps)


def weights_of(deployment: Deployment, routing: TrafficRouting, now_s: float) -> Weights:
    """Return green's weights from the deployment's start to its end, or to now."""
    if deployment.rolls_back:
        return Weights(
            (Weight(deployment.start_s, 100.0),),
            "This deployment rolls another one back: what it brings has production from its start.",
        )
    start, event = Weight(deployment.start_s, 0.0), deployment.event(SHIFT)
    if event is None or event.started_s is None:
        return Weights((start,), f"{SHIFT} has not begun, so production is blue's.")
    steps = [start, *_shifted(event, routing, deployment, now_s)]
    how = (
        f"Worked out from {deployment.config or 'its configuration'} ({routing.words()}) "
        f"and the times of {SHIFT}"
    )
    if (fell_back_s := _fell_back_s(deployment, event)) is not None:
        steps = [step for step in steps if step.at_s < fell_back_s or step is start]
        steps.append(Weight(fell_back_s, 0.0))
        how += ", back to nought where the deployment failed"
    if routing.kind == "TimeBasedLinear":
        how += (
            ", its steps spread evenly over that time"
            if event.status == "Succeeded"
            else ", its steps at the configuration's intervals"
        )
    return Weights(tuple(steps), how + ". CodeDeploy's API keeps no history of weights.")


def _shifted(
    event: LifecycleEvent, routing: TrafficRouting, deployment: Deployment, now_s: float
) -> list[Weight]:
    """The steps while AllowTraffic ran, as if the deployment went on to succeed."""
    start_s = event.started_s or 0.0
    end_s = event.ended_s if event.ended_s is not None else now_s
    is_over = event.status == "Succeeded"
    current = deployment.green_percent if deployment.is_running else None
    if routing.kind == "TimeBasedCanary":
        steps = [Weight(start_s, routing.percent)]
        if is_over:
            steps.append(Weight(end_s, 100.0))
        elif current is not None and current > routing.percent:
            steps.append(Weight(end_s, current))  # the task set knows it before the event ends
        return steps
    if routing.kind == "TimeBasedLinear" and routing.percent > 0:
        return _linear(routing, start_s, end_s, is_over, current)
    return [Weight(start_s, 100.0)]


def _linear(
    routing: TrafficRouting, start_s: float, end_s: float, is_over: bool, current: float | None
) -> list[Weight]:
    count = ceil(100 / routing.percent)
    if is_over:
        interval_s = (end_s - start_s) / max(1, count - 1)
        reached = count
    else:
        interval_s = routing.interval_min * MINUTE_S
        reached = count if interval_s <= 0 else min(count, int((end_s - start_s) / interval_s) + 1)
        if current is not None and (steps := round(current / routing.percent)) > reached:
            reached, interval_s = steps, (end_s - start_s) / steps  # a rehearsal's minutes are shorter
    return [
        Weight(start_s + number * interval_s, min(100.0, (number + 1) * routing.percent))
        for number in range(reached)
    ]


def _fell_back_s(deployment: Deployment, event: LifecycleEvent) -> float | None:
    """When production traffic went back to blue; None when it did not."""
    if event.status == "Failed":
        return event.ended_s if event.ended_s is not None else deployment.ended_s
    if deployment.status in ("Failed", "Stopped"):
        return deployment.ended_s if event.ended_s is None else max(deployment.ended_s or 0.0, event.ended_s)
    return None
