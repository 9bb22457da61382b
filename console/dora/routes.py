"""The five DORA metrics of each service, and what each number was computed from."""

import time
from typing import Any

from flask import Blueprint, current_app, render_template, request, send_from_directory, url_for

from console.dora import selection
from console.pipeline.executions import DEPLOYMENT_ID
from console.pipeline.history import HistoryReader
from console.pipeline.pages import absent_page, chosen_pipeline, list_pipelines, unreachable_page
from console.shared import filter_expressions
from console.shared.errors import Unreachable
from console.shared.pages import here
from console.shared.time_range import between
from dora import metrics, scorecards
from dora.classification import ClassifiedDeployment

# The scorecards are drawn by the template and the stylesheet of dora's own reports
routes = Blueprint("dora", __name__, template_folder=str(scorecards.PAGES))
routes.register_error_handler(Unreachable, unreachable_page)
LONGEST_RANGE_S = 3600.0  # of the traces of a deployment


class PageAddresses(scorecards.Addresses):
    """The pages of the console to which a scorecard leads."""

    def details(self, measured: metrics.ServiceMetrics, key: str) -> str:
        """Return this page's address with what the number was computed from."""
        return f"{here(service=measured.service, figure=key)}#behind"

    def deployment(self, id_: str) -> str:
        """Return a deployment's address, or of its execution if it never reached CodeDeploy; or ""."""
        if DEPLOYMENT_ID.fullmatch(id_):
            return url_for("deployment.show", number=id_.removeprefix("d-"))
        execution, _, service = id_.partition("/")
        if not service:
            return ""
        pipeline = request.args.get("pipeline") or None
        return url_for("execution.show", execution_id=execution, pipeline=pipeline)

    def traces(self, classified: ClassifiedDeployment) -> str:
        """Return the address of the traces of the version that a deployment showed to users; or ""."""
        deployment = classified.deployment
        if not deployment.revision or deployment.exposed_at is None:
            return ""
        matching = filter_expressions.version(deployment.revision[:7], deployment.service)
        return url_for("traces.show", filter=matching, **traces_range(classified))

    def service(self, service: str) -> str:
        """Return this page's address with one service alone."""
        return here(service=service, figure=None)


@routes.get("/dora")
def show() -> Any:
    """Show every service, or one, in a window; with `figure`, what that number was computed from."""
    pipelines, problem = list_pipelines()
    if not pipelines:
        return absent_page(problem)
    pipeline, now_s = chosen_pipeline(pipelines), time.time()
    reader: HistoryReader = current_app.extensions["history_reader"]
    reading = reader.reading(pipeline)
    if reading is None:
        return render_template("dora/reading.html", pipeline=pipeline)
    analysis = reading.analysis
    selected = selection.selection(request.args, analysis.services, analysis.began_at, now_s)
    report = metrics.report(analysis, selected.window, now_s)
    cards = [
        card for card in scorecards.scorecards(report) if selected.service in ("", card.measured.service)
    ]
    return render_template(
        "dora/dora.html",
        pipelines=pipelines,
        pipeline=pipeline,
        reading=reading,
        selected=selected,
        report=report,
        cards=cards,
        addresses=PageAddresses(),
        window_choices=selection.CHOICES,
        periods=selection.PERIODS,
        live_ms=0 if selected.until else 20_000,
        **scorecards.FOR_TEMPLATE,
    )


@routes.get("/dora/scorecards.css")
def stylesheet() -> Any:
    """Answer the stylesheet of what the scorecards draw."""
    return send_from_directory(scorecards.PAGES, "scorecards.css")


def traces_range(classified: ClassifiedDeployment) -> dict[str, Any]:
    """Return a link's arguments for the time of a deployment's traces: from its first users to its end."""
    deployment = classified.deployment
    begin = deployment.started_at if deployment.exposed_at is None else deployment.exposed_at
    end = deployment.ended_at if deployment.ended_at is not None else begin + LONGEST_RANGE_S
    return between(begin - 5, min(end + 60, begin + LONGEST_RANGE_S))
