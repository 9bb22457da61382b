"""The console's Flask application: every page is a folder beside this module."""

from functools import partial

from flask import Flask

from console import security
from console.compare.routes import routes as compare
from console.deployment.routes import routes as deployment
from console.deployments.routes import routes as deployments
from console.dora.routes import routes as dora
from console.execution.routes import routes as execution
from console.faults.routes import routes as faults
from console.faults.shop import Shop
from console.find.routes import routes as find
from console.groups.routes import routes as groups
from console.logs.routes import routes as logs
from console.metrics.routes import routes as metrics
from console.pipeline import pages as pipeline
from console.pipeline.history import HistoryReader
from console.sampling.routes import routes as sampling
from console.sampling.statistics import Statistics, last_window
from console.service_map.routes import routes as service_map
from console.settings import Settings
from console.shared import pages
from console.shared.aws import Aws
from console.trace.routes import routes as trace
from console.traces.routes import routes as traces
from settings import load

SIGNALS = (service_map, traces, trace, compare, logs, metrics, sampling, groups, faults)
DELIVERY = (deployments, execution, deployment, dora, find)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. boto3's own environment variables say which endpoints and account it asks."""
    app = Flask("console", template_folder=".")  # a template's name is its path: "logs/logs.html"
    settings, aws = settings or load(Settings), Aws()
    app.extensions |= {
        "settings": settings,
        "aws": aws,
        "history_reader": HistoryReader(aws, settings.alarm_prefix),
        "sampling_statistics": Statistics(partial(last_window, aws)),
        "shop": Shop(settings.shop),
    }
    for part in (security, pages, pipeline):
        part.init_app(app)
    for routes in (*SIGNALS, *DELIVERY):
        app.register_blueprint(routes)
    app.add_url_rule("/healthz", view_func=healthz)
    return app


def healthz() -> dict[str, str]:
    """Answer that the console is alive, without asking AWS."""
    return {"status": "ok"}
