"""What was measured, as CloudWatch's PutMetricData takes it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.pipeline.architecture import Architecture, full_name
from local.pipeline.cloudwatch.metrics import MEASURES, OF_BALANCER, Metrics, Sample

MOST_VALUES = 150  # in one datum
Measures = Mapping[str, Callable[[Iterable[Sample]], list[float]]]


def datapoints(
    architecture: Architecture, metrics: Metrics, begin: float, end: float
) -> list[dict[str, Any]]:
    """Every metric of [begin, end), epoch seconds, of each load balancer and each of its target groups."""
    found = []
    for name in {group.production.balancer for group in architecture.groups.values()}:
        balancer = full_name("app", name)
        samples = metrics.samples(balancer, begin, end)
        found += _of(OF_BALANCER, samples, {"LoadBalancer": balancer}, end)
    for group in architecture.groups.values():
        balancer = full_name("app", group.production.balancer)
        for one in (group.blue, group.green):
            dimensions = {"LoadBalancer": balancer, "TargetGroup": one.full_name}
            found += _of(MEASURES, metrics.samples(one.full_name, begin, end), dimensions, end)
    return found


def _of(
    measures: Measures, samples: list[Sample], dimensions: dict[str, str], at: float
) -> list[dict[str, Any]]:
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Timestamp": at,
            "StorageResolution": 1,
            **statistics,
        }
        for name, measure in measures.items()
        for statistics in _statistics(name, measure(samples))
    ]


def _statistics(name: str, values: list[float]) -> list[dict[str, Any]]:
    """As many data as it takes for all values; none where there are none."""
    if name.endswith("Time"):
        begins = range(0, len(values), MOST_VALUES)
        return [{"Values": values[begin : begin + MOST_VALUES], "Unit": "Seconds"} for begin in begins]
    return [{"Value": sum(values), "Unit": "Count"}] if values else []
