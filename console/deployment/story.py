"""A deployment in one line: how much traffic the new version had, what it did with it, and how it ended."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from console.deployment.alarms import Alarm, Kind, limit_of
from console.deployment.load_balancer import FAILED, P95, value_of
from console.deployment.traffic_weights import Weights
from console.pipeline.deployments import Deployment
from console.shared.chart import Chart, strip_path
from console.shared.text import duration


def story_of(
    deployment: Deployment, weights: Weights, charts: Sequence[Chart], alarms: Sequence[Alarm], new_group: str
) -> list[str]:
    """Return the parts of the line; `new_group` is the new version's target group. None of a roll-back."""
    if deployment.rolls_back:
        return []
    return [
        *_traffic(deployment, weights),
        *_measured(charts, alarms, new_group),
        *_rang(deployment, alarms),
        *_ending(deployment, weights, alarms),
    ]


def _traffic(deployment: Deployment, weights: Weights) -> Iterator[str]:
    steps = [(step.at_s, step.percent) for step in weights.steps]
    for (from_s, percent), (until_s, _) in pairwise([*steps, (deployment.ended_s or 0.0, 0.0)]):
        if 0 < percent < 100:
            yield f"{percent:g} % for {duration(until_s - from_s)}" if until_s else f"{percent:g} % now"


def _measured(charts: Sequence[Chart], alarms: Sequence[Alarm], new_group: str) -> Iterator[str]:
    p95, failed = value_of(charts, P95, "green"), value_of(charts, FAILED, "green")
    if p95 is not None:
        limit = limit_of(alarms, "latency", new_group)
        yield f"new p95 {p95:,.0f} ms" + (f", limit {limit:,.0f}" if limit else "")
    if failed:
        limit = limit_of(alarms, "failures", new_group)
        yield f"new failures {failed:.3g} %" + (f", limit {limit:g} %" if limit else "")


def _rang(deployment: Deployment, alarms: Sequence[Alarm]) -> Iterator[str]:
    for alarm in alarms:
        if alarm.began_s is not None and _is_before_end(deployment, alarm.began_s):
            yield f"alarm {alarm.name} ({alarm.datapoints} periods)"


def _ending(deployment: Deployment, weights: Weights, alarms: Sequence[Alarm]) -> Iterator[str]:
    if deployment.is_running:
        return
    last = weights.steps[-1]
    if deployment.status == "Succeeded":
        yield f"live for all after {duration(last.at_s - deployment.start_s)}"
    elif len(weights.steps) > 1 and not last.percent:
        rang = [alarm.began_s for alarm in alarms if alarm.began_s is not None and alarm.began_s <= last.at_s]
        since = (
            f"{duration(last.at_s - max(rang))} after the alarm"
            if rang
            else f"after {duration(last.at_s - weights.steps[1].at_s)}"
        )
        yield f"rolled back {since}"
    else:
        yield "ended before a user had it"


def _is_before_end(deployment: Deployment, at_s: float) -> bool:
    return deployment.ended_s is None or at_s <= deployment.ended_s + 1.0


@dataclass(frozen=True, slots=True)
class Strip:
    """What both sides did along the deployment's time: SVG paths by side, and the limit's height."""

    title: str
    unit: str
    top: float
    paths: dict[str, str]
    dots: dict[str, str]
    limit: float | None
    limit_y: float


def strips_of(
    charts: Sequence[Chart],
    alarms: Sequence[Alarm],
    new_group: str,
    axis: tuple[float, float],
    size: tuple[float, float],
) -> list[Strip]:
    """Return p95 and failures of both sides on the axis (start, end in epoch seconds) of the lifecycle."""
    strips = []
    kinds: tuple[tuple[str, Kind], ...] = ((P95, "latency"), (FAILED, "failures"))
    for title, kind in kinds:
        chart = next((chart for chart in charts if chart.title == title and chart.lines), None)
        if chart is None:
            continue
        limit = limit_of(alarms, kind, new_group)
        top = 1.1 * max(chart.highest, limit or 0.0) or 1.0
        paths = {line.label: strip_path(line.points, axis, top, size) for line in chart.lines}
        dots = {label: re.sub(r"[ML]([\d.-]+ [\d.-]+)", r"M\1h0", path) for label, path in paths.items()}
        y = size[1] - (size[1] - 4) * (limit or 0.0) / top
        strips.append(Strip(title, chart.unit, top, paths, dots, limit, y))
    return strips
