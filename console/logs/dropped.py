"""Log lines that the local log agent dropped; AWS publishes no such metric."""

from console.shared.aws import Aws
from console.shared.chart import dimensions, points, query
from console.shared.time_range import TimeRange


def dropped_lines(aws: Aws, namespace: str, span: TimeRange) -> dict[str, int]:
    """Return how many lines of each log group were dropped in `span`, where any were; raises AwsError."""
    metrics = aws.pages(aws.cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName="Dropped")
    groups = sorted({names["LogGroup"] for names in map(dimensions, metrics) if "LogGroup" in names})
    if not groups:
        return {}
    queries = [query(namespace, {"LogGroup": group}, "Dropped", "Sum") for group in groups]
    answers = points(aws, queries, span.start_s, span.end_s)
    sums = {
        group: round(sum(value for _, value in line)) for group, line in zip(groups, answers, strict=True)
    }
    return {group: count for group, count in sums.items() if count}
