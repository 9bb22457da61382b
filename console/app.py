"""The console's Flask application."""

from flask import Flask

from console import pages, security
from console.aws import Aws
from console.delivery import Delivery
from console.faults import Faults
from console.routes import (
    compare,
    deployment,
    deployments,
    dora,
    faults,
    front,
    groups,
    logs,
    metrics,
    pipeline_changes,
    sampling,
    service_map,
    trace,
    traces,
)
from console.settings import Settings
from settings import load

SIGNALS = (front, service_map, traces, trace, compare, logs, metrics, sampling, groups, faults)
DELIVERY = (deployments, deployment, pipeline_changes, dora)


def create_app(settings: Settings | None = None) -> Flask:
    """An application that looks where boto3's own variables point."""
    app = Flask("console")
    app.extensions["settings"] = settings or load(Settings)
    app.extensions["aws"] = Aws()
    app.extensions["delivery"] = Delivery(app.extensions["aws"], app.extensions["settings"].alarm_prefix)
    app.extensions["faults"] = Faults(app.extensions["settings"].shop)
    for part in (security, pages):
        part.init_app(app)
    for part in (*SIGNALS, *DELIVERY):
        app.register_blueprint(part.routes)
    return app
