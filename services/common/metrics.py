"""CloudWatch metrics in the embedded metric format, carried by the access line of the request they measure.

One line is enough: CloudWatch reads the metrics out of it, and a person reads the trace id beside the number.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from flask import current_app, g

NAMESPACE = "Lantern"


def count(name: str, value: float = 1) -> None:
    """Add to a counter of the present request, e.g. `count("OrdersPlaced")`."""
    counters = g.setdefault("counters", {})
    counters[name] = counters.get(name, 0) + value


def measure(name: str, value: float, unit: MetricUnit) -> None:
    """Measure something during the present request, e.g. the memory of the process."""
    g.setdefault("measurements", {})[name] = value, unit


def embedded(status: int, duration_ms: float) -> dict[str, Any]:
    """The metrics of one answered request, as fields of its log line.

    They are Requests, Errors (4xx), Faults (5xx), Latency (ms) and the request's own counters, each by
    Service and Version.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension("Service", current_app.name)
    metrics.add_dimension("Version", current_app.extensions["settings"].version)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    metrics.add_metric("Errors", MetricUnit.Count, 400 <= status < 500)
    metrics.add_metric("Faults", MetricUnit.Count, status >= 500)
    metrics.add_metric("Latency", MetricUnit.Milliseconds, duration_ms)
    for name, value in g.get("counters", {}).items():
        metrics.add_metric(name, MetricUnit.Count, value)
    for name, (value, unit) in g.get("measurements", {}).items():
        metrics.add_metric(name, unit, value)
    return dict(metrics.serialize_metric_set())
