"""Charts of CloudWatch metrics: what ListMetrics and GetMetricData answer, and the SVG paths of points.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from console.shared.aws import Aws

PERIOD_S = 60
QUERIES_AT_ONCE = 500  # the most that one GetMetricData takes
WIDTH, HEIGHT, MARGIN = 600, 140, 5
Point = tuple[float, float]  # epoch seconds, value
Dimensions = dict[str, str]
Query = tuple[Dimensions, str, str]  # dimensions, metric, statistic such as Sum or p99


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


def list_dimensions(aws: Aws, namespace: str, metric: str, having: Sequence[str] = ()) -> list[Dimensions]:
    """Return the dimensions of each metric of that name that has those of `having`; raises AwsError."""
    entries = aws.pages(
        "cloudwatch",
        "list_metrics",
        "Metrics",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name} for name in having],
    )
    return [
        {dimension["Name"]: dimension["Value"] for dimension in entry.get("Dimensions", ())}
        for entry in entries
    ]


def points(
    aws: Aws, namespace: str, queries: Sequence[Query], start_s: float, end_s: float, period_s: int = PERIOD_S
) -> list[list[Point]]:
    """Ask GetMetricData and return the points of each query, oldest first; raises AwsError."""
    lines: list[list[Point]] = [[] for _ in queries]
    times = {"StartTime": _period_of(start_s, period_s), "EndTime": _period_of(end_s + period_s, period_s)}
    entries = []
    for number, (dimensions, metric, statistic) in enumerate(queries):
        pairs = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        named = {"Namespace": namespace, "MetricName": metric, "Dimensions": pairs}
        entries.append(
            {"Id": f"q{number}", "MetricStat": {"Metric": named, "Period": period_s, "Stat": statistic}}
        )
    for first in range(0, len(entries), QUERIES_AT_ONCE):
        parameters = {"MetricDataQueries": entries[first : first + QUERIES_AT_ONCE], **times}
        for result in aws.pages("cloudwatch", "get_metric_data", "MetricDataResults", **parameters):
            values = zip(result["Timestamps"], result["Values"], strict=True)
            lines[int(result["Id"][1:])].extend((when.timestamp(), value) for when, value in values)
    return [sorted(line) for line in lines]


def _period_of(epoch_s: float, period_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s // period_s * period_s, UTC)
