"""The services' own metrics out of CloudWatch, as lines to draw; and the states of alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.aws import Aws
from console.ranges import TimeRange

PERIOD_S = 60
AT_ONCE = 500  # queries in one GetMetricData
Point = tuple[float, float]  # epoch seconds, value


@dataclass(frozen=True, slots=True)
class Measure:
    """A chart: which metrics and statistics are drawn together, and in what unit."""

    title: str
    unit: str
    lines: tuple[tuple[str, str, str], ...]  # (label, metric, statistic)


MEASURES = (
    Measure("Requests", "per minute", (("requests", "Requests", "Sum"),)),
    Measure("Errors and faults", "per minute", (("4xx", "Errors", "Sum"), ("5xx", "Faults", "Sum"))),
    Measure(
        "Latency", "ms", (("p50", "Latency", "p50"), ("p95", "Latency", "p95"), ("p99", "Latency", "p99"))
    ),
)


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

    def paths(self, line: Line) -> str:
        """The line as an SVG path; it breaks where minutes are missing. A lone point is a short stroke."""
        d, before = "", 0.0
        for when, value in line.points:
            x = 600 * (when - self.start_s) / max(1.0, self.end_s - self.start_s)
            y = 135 - 130 * value / (self.highest or 1)
            d += f"{'L' if before and when - before < 2.5 * PERIOD_S else 'M'}{x:.1f} {y:.1f}"
            d += f"h2M{x:.1f} {y:.1f}" if d.endswith(f"M{x:.1f} {y:.1f}") else ""
            before = when
        return d


def charts(aws: Aws, namespace: str, span: TimeRange) -> dict[str, list[Chart]]:
    """The charts of each service, a line for each version; raises AwsError."""
    found = list(
        aws.pages(aws.cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName="Requests")
    )
    pairs = sorted(
        {(d.get("Service", ""), d.get("Version", "")) for d in map(_dimensions, found) if "Service" in d}
    )
    asked = [
        (pair, label, name, statistic)
        for pair in pairs
        for m in MEASURES
        for label, name, statistic in m.lines
    ]
    values = _values(aws, namespace, span, [(pair, name, statistic) for pair, _, name, statistic in asked])
    lines: dict[tuple[str, str], list[Line]] = {}
    for ((service, version), label, name, statistic), points in zip(asked, values, strict=True):
        if points:
            lines.setdefault((service, _title(name, statistic)), []).append(Line(label, version, points))
    return {
        service: [_chart(m, lines.get((service, m.title), []), span) for m in MEASURES]
        for service in sorted({service for service, _ in pairs})
    }


def alarms(aws: Aws) -> list[Mapping[str, Any]]:
    """Every metric alarm, the ones that ring first; raises AwsError."""
    found = list(aws.pages(aws.cloudwatch, "describe_alarms", "MetricAlarms"))
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
    return sorted(found, key=lambda one: (order.get(one.get("StateValue", ""), 3), one["AlarmName"]))


def drops(aws: Aws, namespace: str, span: TimeRange) -> dict[str, int]:
    """How many log lines the agent lost on the way, by group; AWS publishes no such metric."""
    found = list(
        aws.pages(aws.cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName="Dropped")
    )
    groups = sorted({d["LogGroup"] for d in map(_dimensions, found) if "LogGroup" in d})
    if not groups:
        return {}
    queries = [_query(n, namespace, {"LogGroup": group}, "Dropped", "Sum") for n, group in enumerate(groups)]
    answer = _get(aws, queries, span)
    sums = {
        group: round(sum(value for _, value in answer.get(f"q{n}", ()))) for n, group in enumerate(groups)
    }
    return {group: count for group, count in sums.items() if count}


def _values(
    aws: Aws, namespace: str, span: TimeRange, asked: Sequence[tuple[tuple[str, str], str, str]]
) -> list[list[Point]]:
    queries = [
        _query(n, namespace, {"Service": service, "Version": version}, name, statistic)
        for n, ((service, version), name, statistic) in enumerate(asked)
    ]
    found: dict[str, list[Point]] = {}
    for start in range(0, len(queries), AT_ONCE):
        found |= _get(aws, queries[start : start + AT_ONCE], span)
    return [found.get(f"q{n}", []) for n in range(len(queries))]


def _get(aws: Aws, queries: list[dict[str, Any]], span: TimeRange) -> dict[str, list[Point]]:
    """Points of each query by its id, oldest first."""
    found: dict[str, list[Point]] = {}
    times = {"StartTime": _whole_minute(span.start_s), "EndTime": _whole_minute(span.end_s + PERIOD_S)}
    for result in aws.pages(
        aws.cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **times
    ):
        pairs = zip(result["Timestamps"], result["Values"], strict=True)
        found.setdefault(result["Id"], []).extend((when.timestamp(), value) for when, value in pairs)
    return {name: sorted(points) for name, points in found.items()}


def _query(
    number: int, namespace: str, dimensions: dict[str, str], name: str, statistic: str
) -> dict[str, Any]:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": PERIOD_S, "Stat": statistic}}


def _dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}


def _title(name: str, statistic: str) -> str:
    return next(
        m.title for m in MEASURES for _, metric, stat in m.lines if (metric, stat) == (name, statistic)
    )


def _chart(measure: Measure, lines: list[Line], span: TimeRange) -> Chart:
    highest = max((value for line in lines for _, value in line.points), default=0.0)
    return Chart(measure, lines, highest, span.start_s - PERIOD_S, span.end_s)


def _whole_minute(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s // PERIOD_S * PERIOD_S, UTC)
