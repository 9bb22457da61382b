"""Log lines that the local log agent dropped; AWS publishes no such metric."""

from console.shared.aws import Aws
from console.shared.chart import Query, list_dimensions, points
from console.shared.time_range import TimeRange


def dropped_lines(aws: Aws, namespace: str, span: TimeRange) -> dict[str, int]:
    """Return how many lines of each log group were dropped in `span`, where any were; raises AwsError."""
    dimensions = list_dimensions(aws, namespace, "Dropped")
    groups = sorted({names["LogGroup"] for names in dimensions if "LogGroup" in names})
    queries: list[Query] = [({"LogGroup": group}, "Dropped", "Sum") for group in groups]
    answers = points(aws, namespace, queries, span.start_s, span.end_s)
    counts = {
        group: round(sum(value for _, value in line)) for group, line in zip(groups, answers, strict=True)
    }
    return {group: count for group, count in counts.items() if count}
