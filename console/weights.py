"""Green's share of production over time, worked out, since CodeDeploy's API keeps no history of it.

What is known: the deployment configuration's percentages, and when the lifecycle event AllowTraffic began and
ended. https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from console.deployment import Deployment, Event
from console.text import duration

SHIFT = "AllowTraffic"
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Routing:
    """How a deployment configuration shifts traffic."""

    kind: str = "AllAtOnce"  # or TimeBasedCanary, TimeBasedLinear, as the API names them
    percent: float = 100.0
    interval_min: float = 0.0

    def words(self) -> str:
        """As a sentence begins."""
        if self.kind == "TimeBasedCanary":
            return f"canary: {self.percent:g} % for {self.interval_min:g} min, then all"
        if self.kind == "TimeBasedLinear":
            return f"linear: {self.percent:g} % more every {self.interval_min:g} min"
        return "all at once"


@dataclass(frozen=True, slots=True)
class Share:
    """Green's percentage of production from this time on (epoch seconds)."""

    at_s: float
    percent: float


@dataclass(frozen=True, slots=True)
class Shares:
    """The steps in order, the first at the deployment's start, and how they were worked out."""

    steps: tuple[Share, ...]
    how: str

    def at(self, when_s: float) -> float:
        """Green's share at a time."""
        return next((step.percent for step in reversed(self.steps) if step.at_s <= when_s), 0.0)

    def path(self, start_s: float, end_s: float, width: float, height: float) -> str:
        """Green's share as an area below steps, an SVG path."""
        d, length = f"M0 {height:g}", max(end_s - start_s, 1e-6)
        places = [
            (width * min(1.0, max(0.0, (step.at_s - start_s) / length)), step.percent) for step in self.steps
        ]
        for (x, percent), (until, _) in pairwise([*places, (width, 0.0)]):
            y = height * (1 - percent / 100)
            d += f"L{x:.2f} {y:.2f}L{until:.2f} {y:.2f}"
        return f"{d}L{width:g} {height:g}z"


def shares(one: Deployment, routing: Routing, now_s: float) -> Shares:
    """Green's share from the deployment's start to its end, or to now."""
    if one.rolls_back:
        return Shares(
            (Share(one.start_s, 100.0),),
            "This deployment rolls another one back: what it brings has production from its start.",
        )
    begin, event = Share(one.start_s, 0.0), one.event(SHIFT)
    if event is None or event.started_s is None:
        return Shares((begin,), f"{SHIFT} has not begun, so production is blue's.")
    steps = [begin, *_shifted(event, routing, one, now_s)]
    how = f"Worked out from {one.config or 'its configuration'} ({routing.words()}) and the times of {SHIFT}"
    if (fell_s := _fell_back_s(one, event)) is not None:
        steps = [step for step in steps if step.at_s < fell_s or step is begin] + [Share(fell_s, 0.0)]
        how += ", back to nought where the deployment failed"
    if routing.kind == "TimeBasedLinear":
        how += (
            ", its steps spread evenly over that time"
            if event.status == "Succeeded"
            else ", its steps at the configuration's intervals"
        )
    return Shares(tuple(steps), how + ". CodeDeploy's API keeps no history of weights.")


def _shifted(event: Event, routing: Routing, one: Deployment, now_s: float) -> list[Share]:
    """The steps while AllowTraffic ran, whatever came after."""
    start_s = event.started_s or 0.0
    end_s = event.ended_s if event.ended_s is not None else now_s
    is_over = event.status == "Succeeded"
    if routing.kind == "TimeBasedCanary":
        done = [Share(end_s, 100.0)] if is_over else _seen(one, routing.percent, end_s)
        return [Share(start_s, routing.percent), *done]
    if routing.kind == "TimeBasedLinear" and routing.percent > 0:
        return _linear(routing, start_s, end_s, is_over, one.green_percent if one.is_running else None)
    return [Share(start_s, 100.0)]


def _linear(
    routing: Routing, start_s: float, end_s: float, is_over: bool, current: float | None
) -> list[Share]:
    count = ceil(100 / routing.percent)
    if is_over:
        apart_s = (end_s - start_s) / max(1, count - 1)
        reached = count
    else:
        apart_s = routing.interval_min * MINUTE_S
        reached = count if apart_s <= 0 else min(count, int((end_s - start_s) / apart_s) + 1)
        if current is not None and (seen := round(current / routing.percent)) > reached:
            reached, apart_s = seen, (end_s - start_s) / seen  # a rehearsal's minutes are shorter
    return [
        Share(start_s + number * apart_s, min(100.0, (number + 1) * routing.percent))
        for number in range(reached)
    ]


def _seen(one: Deployment, known: float, now_s: float) -> list[Share]:
    """What the task set says now, where that is more than is known."""
    current = one.green_percent if one.is_running else None
    return [Share(now_s, current)] if current is not None and current > known else []


def _fell_back_s(one: Deployment, event: Event) -> float | None:
    """When production went back to blue; None when it did not."""
    if event.status == "Failed":
        return event.ended_s if event.ended_s is not None else one.ended_s
    if one.status in ("Failed", "Stopped"):
        return one.ended_s if event.ended_s is None else max(one.ended_s or 0.0, event.ended_s)
    return None


def words(steps: Iterable[Share], start_s: float) -> str:
    """The shares with their times, for who does not see the picture."""
    return ", ".join(f"{step.percent:g} % after {duration(step.at_s - start_s)}" for step in steps)
