"""The charts of each service: which metrics and statistics are drawn together, a line for each version."""

from dataclasses import dataclass

from console.shared.aws import Aws
from console.shared.chart import PERIOD_S, Chart, Line, Query, list_dimensions, points
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
    metrics = [names for names in list_dimensions(aws, namespace, "Requests") if "Service" in names]
    versions = sorted({(names["Service"], names.get("Version", "")) for names in metrics})
    by_service: dict[str, list[Chart]] = {
        service: [Chart(m.title, m.unit, [], span.start_s - PERIOD_S, span.end_s) for m in MEASURES]
        for service, _ in versions
    }
    lines, queries = list[tuple[Chart, str, str]](), list[Query]()
    for service, version in versions:
        for chart, measure in zip(by_service[service], MEASURES, strict=True):
            for label, metric, statistic in measure.lines:
                lines.append((chart, label, version))
                queries.append(({"Service": service, "Version": version}, metric, statistic))
    answers = points(aws, namespace, queries, span.start_s, span.end_s)
    for (chart, label, version), line in zip(lines, answers, strict=True):
        if line:
            chart.lines.append(Line(label, version, line))
    return by_service
