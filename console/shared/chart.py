"""Charts of CloudWatch metrics: what ListMetrics and GetMetricData answer, and the SVG paths of points.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import ceil, floor, log10

from console.shared.aws import Aws

PERIOD_S = 60
QUERIES_AT_ONCE = 500  # the most that one GetMetricData takes
WIDTH, HEIGHT = 600, 140
UNFOLDED = 3  # versions that are drawn; the figures of earlier ones are in the table
STEPS = (1, 2, 2.5, 5, 10)  # of a value axis, times a power of ten
TIME_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
Point = tuple[float, float]  # epoch seconds, value
Dimensions = dict[str, str]
Query = tuple[Dimensions, str, str]  # dimensions, metric, statistic such as Sum or p99


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    label: str
    version: str
    points: list[Point]
    legend: str = ""  # its value over the whole range, and of how many
    value: float | None = None  # that value


def strip_path(
    points: Sequence[Point], axis: tuple[float, float], top: float, size: tuple[float, float]
) -> str:
    """Return points as an SVG path in a strip (width, height); `top` is the strip's highest value."""
    (start_s, end_s), (width, height) = axis, size
    places = [
        (
            width * (when_s - start_s) / max(1e-6, end_s - start_s),
            height - (height - 4) * min(1.0, value / (top or 1)),
        )
        for when_s, value in points
        if start_s <= when_s <= end_s
    ]
    return "".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(places))


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its value, and its place in percent of the plot, from the left or the top."""

    value: float
    place: float


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at a moment, e.g. a deployment: a vertical line that leads to `id`."""

    id: str
    at_s: float
    status: str


@dataclass(frozen=True)
class Chart:
    """Lines over one time axis, in a plot of WIDTH by HEIGHT; times in epoch seconds.

    What every point or line of it asks for is computed once.
    """

    title: str
    unit: str
    lines: list[Line]
    start_s: float
    end_s: float
    period_s: float = PERIOD_S
    thresholds: tuple[tuple[str, float], ...] = ()  # of alarms, by name
    events: tuple[Event, ...] = ()

    @cached_property
    def highest(self) -> float:
        """The highest value of all lines."""
        return max((value for line in self.lines for _, value in line.points), default=0.0)

    @cached_property
    def top(self) -> float:
        """The top of the value axis: a round number, at least as high as all lines and thresholds."""
        highest = max([self.highest, *(value for _, value in self.thresholds)])
        step = _step(highest / 3)
        return max(step, ceil(highest / step - 1e-9) * step)

    @cached_property
    def drawn(self) -> list[Line]:
        """The lines of the newest versions, UNFOLDED at most, which are drawn."""
        versions = self.versions()[:UNFOLDED]
        return [line for line in self.lines if line.version in versions]

    def versions(self) -> list[str]:
        """Return the lines' versions, the one with the newest points first."""
        newest: dict[str, tuple[float, float]] = {}
        for line in self.lines:
            newest[line.version] = max(
                newest.get(line.version, (0.0, 0.0)), (line.points[-1][0], line.points[0][0])
            )
        return sorted(newest, key=lambda version: newest[version], reverse=True)

    def style(self, line: Line) -> str:
        """Return the classes of a line: a colour for each version, a dash for each percentile or the like."""
        versions = sorted({line.version for line in self.drawn})
        labels = list(dict.fromkeys(line.label for line in self.lines))
        return f"line-{versions.index(line.version) % 6} dash-{labels.index(line.label) % 3}"

    def value_ticks(self) -> list[Tick]:
        """Return the marks of the value axis, nought first."""
        step = _step(self.top / 3)
        count = round(self.top / step)
        return [Tick(number * step, 100 - 100 * number / count) for number in range(count + 1)]

    def time_ticks(self) -> list[Tick]:
        """Return the marks of the time axis, at whole minutes or seconds."""
        length_s = max(1.0, self.end_s - self.start_s)
        step = next((step for step in TIME_STEPS_S if length_s / step <= 6), TIME_STEPS_S[-1])
        first = ceil(self.start_s / step) * step
        count = int((self.end_s - first) // step) + 1
        return [Tick(at_s, self.x(at_s)) for at_s in (first + number * step for number in range(count))]

    def x(self, when_s: float) -> float:
        """Return an instant's place on the time axis, in percent."""
        return 100 * (when_s - self.start_s) / max(1.0, self.end_s - self.start_s)

    def y(self, value: float) -> float:
        """Return a value's place on the value axis, in percent from the top."""
        return 100 - 100 * value / self.top

    def moments(self) -> list[tuple[float, list[float | None]]]:
        """Return the values of the drawn lines at each moment that has any."""
        by_line = [dict(line.points) for line in self.drawn]
        moments = sorted({when_s for points in by_line for when_s in points})
        return [(when_s, [points.get(when_s) for points in by_line]) for when_s in moments]

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
        return WIDTH * self.x(when_s) / 100, HEIGHT * self.y(value) / 100


def _step(least: float) -> float:
    """The least round number that is not below `least`."""
    if least <= 0:
        return 1.0
    power = 10.0 ** floor(log10(least))
    return next(float(step * power) for step in STEPS if step * power >= least * (1 - 1e-9))


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


def whole_periods(start_s: float, end_s: float, period_s: int = PERIOD_S) -> tuple[int, int]:
    """Return the start of the first and the end of the last period that have a part in a range."""
    return floor(start_s / period_s) * period_s, ceil(end_s / period_s) * period_s


def points(
    aws: Aws, namespace: str, queries: Sequence[Query], start_s: float, end_s: float, period_s: int = PERIOD_S
) -> list[list[Point]]:
    """Ask GetMetricData and return the points of each query, oldest first; raises AwsError.

    The points are of the whole periods that have a part in the range, and of none after it.
    """
    lines: list[list[Point]] = [[] for _ in queries]
    first_s, last_s = whole_periods(start_s, end_s, period_s)
    for number, when_s, value in _answers(aws, namespace, queries, first_s, last_s, period_s):
        lines[number].append((when_s, value))
    return [sorted(line) for line in lines]


def over_range(
    aws: Aws, namespace: str, queries: Sequence[Query], start_s: float, end_s: float, period_s: int = PERIOD_S
) -> list[float | None]:
    """Return one value of each query over the periods of `points`, None without points; raises AwsError.

    A percentile of the range does not follow from those of its minutes, so CloudWatch computes it.
    """
    first_s, last_s = whole_periods(start_s, end_s, period_s)
    length_s = ceil((last_s - first_s) / PERIOD_S) * PERIOD_S
    # one period that holds the range wherever CloudWatch lets its periods begin, at the range or at the epoch
    while first_s % length_s + last_s - first_s > length_s:
        length_s += PERIOD_S
    values: list[float | None] = [None] * len(queries)
    for number, _, value in _answers(aws, namespace, queries, first_s, last_s, length_s):
        values[number] = value
    return values


def _answers(
    aws: Aws, namespace: str, queries: Sequence[Query], start_s: int, end_s: int, period_s: int
) -> Iterator[tuple[int, float, float]]:
    """The query's number, epoch seconds and value of each point that GetMetricData answers."""
    times = {"StartTime": datetime.fromtimestamp(start_s, UTC), "EndTime": datetime.fromtimestamp(end_s, UTC)}
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
            for when, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield int(result["Id"][1:]), when.timestamp(), value
