"""Request rate, errors and latency of each service and version, and the states of alarms."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, current_app, render_template

from console.metrics.charts import charts
from console.pipeline.codedeploy import newest_deployments
from console.pipeline.deployments import Deployment
from console.shared.aws import attempt, aws
from console.shared.pages import requested_range

routes = Blueprint("metrics", __name__)
ALARM_STATES = ("ALARM", "INSUFFICIENT_DATA", "OK")  # in the order of the list


@routes.get("/metrics")
def show() -> str:
    """Show the charts of each service, and all metric alarms."""
    span = requested_range()
    namespace = current_app.extensions["settings"].namespace
    pending = aws().start_attempt(partial(newest_deployments, aws()), list[Deployment])
    alarms, problem = attempt(_alarms, list[Mapping[str, Any]])
    deployments, _ = pending.result()
    return render_template(
        "metrics/metrics.html",
        span=span,
        namespace=namespace,
        services=charts(aws(), namespace, span, alarms, deployments),
        alarms=alarms,
        problem=problem,
    )


def _alarms() -> list[Mapping[str, Any]]:
    """Every metric alarm, those in the state ALARM first; raises AwsError."""
    alarms = aws().pages("cloudwatch", "describe_alarms", "MetricAlarms")
    return sorted(alarms, key=lambda alarm: (_rank(alarm.get("StateValue", "")), alarm["AlarmName"]))


def _rank(state: str) -> int:
    return ALARM_STATES.index(state) if state in ALARM_STATES else len(ALARM_STATES)
