"""Charts of CloudWatch metrics: what GetMetricData is asked, and the SVG paths of its points.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.shared.aws import Aws

PERIOD_S = 60
QUERIES_AT_ONCE = 500  # the most that one GetMetricData takes
WIDTH, HEIGHT, MARGIN = 600, 140, 5
Point = tuple[float, float]  # epoch seconds, value


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    label: str
    version: str
    points: list[Point]

    @property
    def last(self) -> float | None:
        """The newest value; None without points."""
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over one time axis, in a picture of WIDTH by HEIGHT; times in epoch seconds."""

    title: str
    unit: str
    lines: list[Line]
    start_s: float
    end_s: float
    period_s: float = PERIOD_S

    @property
    def highest(self) -> float:
        """The highest value of all lines: the top of the value axis."""
        return max((value for line in self.lines for _, value in line.points), default=0.0)

    def path(self, line: Line) -> str:
        """Return the line as an SVG path; it breaks where points are missing, and a lone point is a dash."""
        d, before_s = "", 0.0
        for when_s, value in line.points:
            x, y = self._place(when_s, value)
            d += f"{'L' if before_s and when_s - before_s < 2.5 * self.period_s else 'M'}{x:.1f} {y:.1f}"
            d += f"h2M{x:.1f} {y:.1f}" if d.endswith(f"M{x:.1f} {y:.1f}") else ""
            before_s = when_s
        return d

    def dots(self, line: Line) -> str:
        """Return a dot for each point as an SVG path: strokes of no length, for round line caps."""
        places = (self._place(when_s, value) for when_s, value in line.points)
        return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)

    def _place(self, when_s: float, value: float) -> Point:
        x = WIDTH * (when_s - self.start_s) / max(1.0, self.end_s - self.start_s)
        return x, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / (self.highest or 1)


def dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    """Return the dimensions of an entry of ListMetrics as name → value."""
    return {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", ())}


def query(
    namespace: str, dimensions: dict[str, str], name: str, statistic: str, period_s: int = PERIOD_S
) -> dict[str, Any]:
    """Return the query of one line for `points`; `statistic` is CloudWatch's name, such as Sum or p99."""
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"MetricStat": {"Metric": metric, "Period": period_s, "Stat": statistic}}


def points(
    aws: Aws, queries: Sequence[dict[str, Any]], start_s: float, end_s: float, period_s: int = PERIOD_S
) -> list[list[Point]]:
    """Ask GetMetricData and return the points of each query, oldest first; raises AwsError."""
    lines: list[list[Point]] = [[] for _ in queries]
    times = {"StartTime": _period_of(start_s, period_s), "EndTime": _period_of(end_s + period_s, period_s)}
    named = [{"Id": f"q{number}", **query} for number, query in enumerate(queries)]
    for first in range(0, len(named), QUERIES_AT_ONCE):
        parameters = {"MetricDataQueries": named[first : first + QUERIES_AT_ONCE], **times}
        for result in aws.pages(aws.cloudwatch, "get_metric_data", "MetricDataResults", **parameters):
            pairs = zip(result["Timestamps"], result["Values"], strict=True)
            lines[int(result["Id"][1:])].extend((when.timestamp(), value) for when, value in pairs)
    return [sorted(line) for line in lines]


def _period_of(epoch_s: float, period_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s // period_s * period_s, UTC)
