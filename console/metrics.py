"""The services' own metrics out of CloudWatch, as lines to draw; and the states of alarms."""

from collections.abc import Mapping
from typing import Any

from console.aws import Aws
from console.ranges import TimeRange
from console.series import PERIOD_S, Chart, Line, Measure, dimensions, points, query

MEASURES = (
    Measure("Requests", "per minute", (("requests", "Requests", "Sum"),)),
    Measure("Errors and faults", "per minute", (("4xx", "Errors", "Sum"), ("5xx", "Faults", "Sum"))),
    Measure(
        "Latency", "ms", (("p50", "Latency", "p50"), ("p95", "Latency", "p95"), ("p99", "Latency", "p99"))
    ),
)


def charts(aws: Aws, namespace: str, span: TimeRange) -> dict[str, list[Chart]]:
    """The charts of each service, a line for each version; raises AwsError."""
    found = list(
        aws.pages(aws.cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName="Requests")
    )
    pairs = sorted(
        {(d.get("Service", ""), d.get("Version", "")) for d in map(dimensions, found) if "Service" in d}
    )
    asked = [
        (pair, label, name, statistic)
        for pair in pairs
        for m in MEASURES
        for label, name, statistic in m.lines
    ]
    queries = [
        query(namespace, {"Service": service, "Version": version}, name, statistic)
        for (service, version), _, name, statistic in asked
    ]
    values = points(aws, queries, span.start_s, span.end_s)
    lines: dict[tuple[str, str], list[Line]] = {}
    for ((service, version), label, name, statistic), line in zip(asked, values, strict=True):
        if line:
            lines.setdefault((service, _title(name, statistic)), []).append(Line(label, version, line))
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
    groups = sorted({d["LogGroup"] for d in map(dimensions, found) if "LogGroup" in d})
    if not groups:
        return {}
    queries = [query(namespace, {"LogGroup": group}, "Dropped", "Sum") for group in groups]
    counted = points(aws, queries, span.start_s, span.end_s)
    sums = {
        group: round(sum(value for _, value in line)) for group, line in zip(groups, counted, strict=True)
    }
    return {group: count for group, count in sums.items() if count}


def _title(name: str, statistic: str) -> str:
    return next(
        m.title for m in MEASURES for _, metric, stat in m.lines if (metric, stat) == (name, statistic)
    )


def _chart(measure: Measure, lines: list[Line], span: TimeRange) -> Chart:
    highest = max((value for line in lines for _, value in line.points), default=0.0)
    return Chart(measure, lines, highest, span.start_s - PERIOD_S, span.end_s)
