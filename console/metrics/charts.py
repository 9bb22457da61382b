"""The charts of each service: which metrics and statistics are drawn together, a line for each version."""

from dataclasses import dataclass

from console.shared.aws import Aws
from console.shared.chart import PERIOD_S, Chart, Line, dimensions, points, query
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
        "Latency", "ms", (("p50", "Latency", "p50"), ("p95", "Latency", "p95"), ("p99", "Latency", "p99"))
    ),
)


def charts(aws: Aws, namespace: str, span: TimeRange) -> dict[str, list[Chart]]:
    """Return the charts of each service whose metrics are in `namespace`, by service; raises AwsError."""
    metrics = aws.pages(aws.cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName="Requests")
    versions = {
        (names["Service"], names.get("Version", ""))
        for names in map(dimensions, metrics)
        if "Service" in names
    }
    drawn: dict[str, list[Chart]] = {
        service: [Chart(m.title, m.unit, [], span.start_s - PERIOD_S, span.end_s) for m in MEASURES]
        for service, _ in sorted(versions)
    }
    places, queries = list[tuple[Chart, str, str]](), list[dict[str, object]]()
    for service, version in sorted(versions):
        for chart, measure in zip(drawn[service], MEASURES, strict=True):
            for label, metric, statistic in measure.lines:
                places.append((chart, label, version))
                queries.append(query(namespace, {"Service": service, "Version": version}, metric, statistic))
    answers = points(aws, queries, span.start_s, span.end_s)
    for (chart, label, version), line in zip(places, answers, strict=True):
        if line:
            chart.lines.append(Line(label, version, line))
    return drawn
