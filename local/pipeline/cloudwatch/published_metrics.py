"""The measured metrics in the shape in which CloudWatch's PutMetricData takes them."""

from collections.abc import Mapping
from typing import Any

from local.pipeline.architecture import Architecture, full_name
from local.pipeline.cloudwatch.metrics import (
    LOAD_BALANCER_METRICS,
    TARGET_GROUP_METRICS,
    Measure,
    Metrics,
    Sample,
)

MOST_VALUES = 150  # in one datum


def metric_data(
    architecture: Architecture, metrics: Metrics, begin: float, end: float
) -> list[dict[str, Any]]:
    """Return the metrics of every load balancer and target group over [begin, end) in epoch seconds.

    They are as measured: real counts in real time, not multiplied by the time scale.
    """
    sources: dict[str, tuple[dict[str, str], Mapping[str, Measure]]] = {}
    for group in architecture.groups.values():
        balancer = full_name("app", group.production.balancer)
        sources[balancer] = {"LoadBalancer": balancer}, LOAD_BALANCER_METRICS
        for target_group in (group.blue.full_name, group.green.full_name):
            dimensions = {"LoadBalancer": balancer, "TargetGroup": target_group}
            sources[target_group] = dimensions, TARGET_GROUP_METRICS
    return [
        datum
        for name, (dimensions, measures) in sources.items()
        for datum in _data(measures, metrics.samples(name, begin, end), dimensions, end)
    ]


def _data(
    measures: Mapping[str, Measure], samples: list[Sample], dimensions: dict[str, str], at: float
) -> list[dict[str, Any]]:
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Timestamp": at,
            "StorageResolution": 1,
            **values,
        }
        for name, measure in measures.items()
        for values in _values(name, measure(samples))
    ]


def _values(name: str, measured: list[float]) -> list[dict[str, Any]]:
    """The values of one metric, in as many data as they need; none where nothing was measured."""
    if name.endswith("Time"):
        begins = range(0, len(measured), MOST_VALUES)
        return [{"Values": measured[begin : begin + MOST_VALUES], "Unit": "Seconds"} for begin in begins]
    return [{"Value": sum(measured), "Unit": "Count"}] if measured else []
