"""The charts of each service: which metrics and statistics are drawn together, a line for each version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.pipeline.deployments import Deployment
from console.shared.aws import Aws
from console.shared.chart import (
    Chart,
    Event,
    Line,
    Query,
    list_dimensions,
    over_range,
    points,
    whole_periods,
)
from console.shared.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class Measure:
    """A chart's title and unit, and its lines as (label, metric, statistic)."""

    title: str
    unit: str
    lines: tuple[tuple[str, str, str], ...]


MEASURES = (
    Measure("Requests", "per minute", (("requests", "Requests", "Sum"),)),
    Measure("Errors and faults", "per minute", (("4xx", "Errors", "Sum"), ("5xx", "Faults", "Sum"))),
    Measure(
        "Response time",
        "ms",
        (("p50", "Latency", "p50"), ("p95", "Latency", "p95"), ("p99", "Latency", "p99")),
    ),
)


def charts(
    aws: Aws,
    namespace: str,
    span: TimeRange,
    alarms: Sequence[Mapping[str, Any]] = (),
    deployments: Sequence[Deployment] = (),
) -> dict[str, list[Chart]]:
    """Return the charts of each service whose metrics are in `namespace`, by service; raises AwsError.

    `alarms` are entries of DescribeAlarms, whose thresholds are drawn, as are the starts of `deployments`.
    """
    metrics = [names for names in list_dimensions(aws, namespace, "Requests") if "Service" in names]
    versions = sorted({(names["Service"], names.get("Version", "")) for names in metrics})
    start_s, _ = whole_periods(span.start_s, span.end_s)
    by_service: dict[str, list[Chart]] = {
        service: [
            Chart(
                m.title,
                m.unit,
                [],
                start_s,
                span.end_s,
                thresholds=_thresholds(alarms, namespace, service, m),
                events=_events(deployments, service, start_s, span.end_s),
            )
            for m in MEASURES
        ]
        for service, _ in versions
    }
    lines, queries = list[tuple[Chart, str, str]](), list[Query]()
    for service, version in versions:
        for chart, measure in zip(by_service[service], MEASURES, strict=True):
            for label, metric, statistic in measure.lines:
                lines.append((chart, label, version))
                queries.append(({"Service": service, "Version": version}, metric, statistic))
    answers = points(aws, namespace, queries, span.start_s, span.end_s)
    totals = over_range(aws, namespace, queries, span.start_s, span.end_s)
    requests = {
        tuple(names.values()): value
        for (names, metric, _), value in zip(queries, totals, strict=True)
        if metric == "Requests"
    }
    for (chart, label, version), (names, metric, _), line, value in zip(
        lines, queries, answers, totals, strict=True
    ):
        if line:
            count = requests[tuple(names.values())] or 0.0
            chart.lines.append(Line(label, version, line, legend(metric, value or 0.0, count)))
    return by_service


def _thresholds(
    alarms: Sequence[Mapping[str, Any]], namespace: str, service: str, measure: Measure
) -> tuple[tuple[str, float], ...]:
    """The thresholds of alarms on a chart's own metrics and statistics of a service, by the alarm's name."""
    drawn = {(metric, statistic) for _, metric, statistic in measure.lines}
    return tuple(
        (alarm["AlarmName"], float(alarm["Threshold"]))
        for alarm in alarms
        if alarm.get("Namespace") == namespace
        and (alarm.get("MetricName"), alarm.get("ExtendedStatistic") or alarm.get("Statistic")) in drawn
        and {"Name": "Service", "Value": service} in alarm.get("Dimensions", ())
        and "Threshold" in alarm
    )


def _events(
    deployments: Sequence[Deployment], service: str, start_s: float, end_s: float
) -> tuple[Event, ...]:
    """The deployments of a service that began in a range."""
    return tuple(
        Event(deployment.id, deployment.start_s, deployment.status)
        for deployment in deployments
        if deployment.group == service and start_s <= deployment.start_s <= end_s
    )


def legend(metric: str, value: float, requests: float) -> str:
    """Return a value over the whole range in words, with the number of requests of which it is."""
    if metric == "Requests":
        return f"{value:,.0f} in all"
    if metric == "Latency":
        return f"{value:,.4g} ms, n = {requests:,.0f}"
    return f"{value:,.0f} of {requests:,.0f}"
