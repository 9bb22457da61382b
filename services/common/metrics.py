"""CloudWatch metrics in the embedded metric format, carried by the access line of the request they measure.

One line is both: CloudWatch reads the metrics out of it, and a person finds the trace id beside the number.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from flask import Flask, current_app, g

NAMESPACE = "Lantern"


def init_app(app: Flask) -> None:
    """Give every request an empty set of its own metrics."""
    app.before_request(_start)


def _start() -> None:
    g.counts = {}


def count(name: str, value: float = 1) -> None:
    """Add to a counter of this request, e.g. `count("OrdersPlaced")`."""
    g.counts[name] = g.counts.get(name, 0) + value


def embedded(status: int, duration_ms: float) -> dict[str, Any]:
    """One answered request: Requests, Errors (4xx), Faults (5xx), Latency (ms) and its own counters."""
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    settings = current_app.extensions["settings"]
    metrics.add_dimension("Service", current_app.name)
    metrics.add_dimension("Version", settings.version)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    metrics.add_metric("Errors", MetricUnit.Count, 400 <= status < 500)
    metrics.add_metric("Faults", MetricUnit.Count, status >= 500)
    metrics.add_metric("Latency", MetricUnit.Milliseconds, duration_ms)
    for name, value in g.get("counts", {}).items():
        metrics.add_metric(name, MetricUnit.Count, value)
    return dict(metrics.serialize_metric_set())
