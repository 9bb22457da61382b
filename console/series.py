"""Points of CloudWatch metrics, and how lines of them are drawn.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.aws import Aws

PERIOD_S = 60
AT_ONCE = 500  # queries in one GetMetricData
Point = tuple[float, float]  # epoch seconds, value


@dataclass(frozen=True, slots=True)
class Measure:
    """A chart: which metrics and statistics are drawn together, and in what unit."""

    title: str
    unit: str
    lines: tuple[tuple[str, str, str], ...]  # (label, metric, statistic)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    label: str
    version: str
    points: list[Point]

    @property
    def last(self) -> float | None:
        """Its newest value."""
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture 600 by 140: lines as SVG paths, and what its axes say."""

    measure: Measure
    lines: list[Line]
    highest: float
    start_s: float
    end_s: float
    period_s: float = PERIOD_S

    def paths(self, line: Line) -> str:
        """The line as an SVG path; it breaks where points are missing. A lone point is a short stroke."""
        d, before = "", 0.0
        for when, value in line.points:
            x, y = self._place(when, value)
            d += f"{'L' if before and when - before < 2.5 * self.period_s else 'M'}{x:.1f} {y:.1f}"
            d += f"h2M{x:.1f} {y:.1f}" if d.endswith(f"M{x:.1f} {y:.1f}") else ""
            before = when
        return d

    def dots(self, line: Line) -> str:
        """A dot for each point, where there are few: strokes of no length, with round ends."""
        places = (self._place(when, value) for when, value in line.points)
        return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)

    def _place(self, when_s: float, value: float) -> Point:
        x = 600 * (when_s - self.start_s) / max(1.0, self.end_s - self.start_s)
        return x, 135 - 130 * value / (self.highest or 1)


def dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    """A metric's dimensions by name."""
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}


def query(
    namespace: str, dimensions: dict[str, str], name: str, statistic: str, period_s: int = PERIOD_S
) -> dict[str, Any]:
    """What GetMetricData is asked for one line."""
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"MetricStat": {"Metric": metric, "Period": period_s, "Stat": statistic}}


def points(
    aws: Aws, queries: Sequence[dict[str, Any]], start_s: float, end_s: float, period_s: int = PERIOD_S
) -> list[list[Point]]:
    """The points of each query, oldest first; raises AwsError."""
    found: list[list[Point]] = [[] for _ in queries]
    times = {"StartTime": _whole(start_s, period_s), "EndTime": _whole(end_s + period_s, period_s)}
    named = [{"Id": f"q{number}", **one} for number, one in enumerate(queries)]
    for first in range(0, len(named), AT_ONCE):
        asked = {"MetricDataQueries": named[first : first + AT_ONCE], **times}
        for result in aws.pages(aws.cloudwatch, "get_metric_data", "MetricDataResults", **asked):
            pairs = zip(result["Timestamps"], result["Values"], strict=True)
            found[int(result["Id"][1:])].extend((when.timestamp(), value) for when, value in pairs)
    return [sorted(one) for one in found]


def _whole(epoch_s: float, period_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s // period_s * period_s, UTC)
