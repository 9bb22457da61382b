"""Request rate, errors and latency of each service and version, and the states of alarms."""

from flask import Blueprint, current_app, render_template

from console.aws import attempt, aws
from console.metrics import alarms, charts
from console.pages import asked_range

routes = Blueprint("metrics", __name__)


@routes.get("/metrics")
def show() -> str:
    """Charts and alarms."""
    span = asked_range("1h")
    namespace = current_app.extensions["settings"].namespace
    found, problem = attempt(lambda: alarms(aws()), list)
    return render_template(
        "metrics.html",
        span=span,
        namespace=namespace,
        services=charts(aws(), namespace, span),
        alarms=found,
        problem=problem,
    )
