"""The five DORA metrics of each service, and what each number was computed from."""

import time
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from console.dora import scorecard, timeline, trend
from console.dora.history import HistoryReader
from console.pipeline.executions import DEPLOYMENT_ID
from console.pipeline.pages import absent_page, chosen_pipeline, list_pipelines, unreachable_page
from console.shared.errors import Unreachable
from console.shared.time_range import between
from dora import formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.times import duration, utc

routes = Blueprint("dora", __name__)
routes.register_error_handler(Unreachable, unreachable_page)
LONGEST_RANGE_S = 3600.0  # of the traces of a deployment
FOR_TEMPLATES = {
    "window_choices": scorecard.CHOICES,
    "levels": levels,
    "formatting": formatting,
    "lanes": timeline.LANES,
    "kinds": {
        "ok": "ok",
        "failed": "fault",
        "blocked": "error",
        "running": "running",
    },  # class → status's look
    "size": (trend.WIDTH, trend.HEIGHT),
    "end_label": timeline.end_label,
    "length": duration,
    "utc": utc,
    "reasons": scorecard.reasons,
    "remarks": scorecard.remarks,
    "own_commit": scorecard.own_commit,
    "details_of": scorecard.details,
    "most_rows": 200,
}


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
    selected = scorecard.selection(request.args, reading.analysis.services, reading.analysis.began_at, now_s)
    report, scorecards = scorecard.scorecards(reading.analysis, selected, now_s)
    return render_template(
        "dora/dora.html",
        pipelines=pipelines,
        pipeline=pipeline,
        reading=reading,
        selected=selected,
        report=report,
        scorecards=scorecards,
        address_of=address_of,
        traces_range=traces_range,
        live_ms=0 if selected.until else 20_000,
        **FOR_TEMPLATES,
    )


def address_of(deployment_id: str) -> str:
    """Return the address of a deployment, or of its execution if it never reached CodeDeploy; or ""."""
    if DEPLOYMENT_ID.fullmatch(deployment_id):
        return url_for("deployment.show", number=deployment_id.removeprefix("d-"))
    execution, _, service = deployment_id.partition("/")
    if not service:
        return ""
    pipeline = request.args.get("pipeline") or None
    return url_for("execution.show", execution_id=execution, pipeline=pipeline)


def traces_range(classified: ClassifiedDeployment) -> dict[str, str]:
    """Return a link's arguments for the time of a deployment's traces: from its first users to its end."""
    deployment = classified.deployment
    begin = deployment.started_at if deployment.exposed_at is None else deployment.exposed_at
    end = deployment.ended_at if deployment.ended_at is not None else begin + LONGEST_RANGE_S
    return between(begin - 5, min(end + 60, begin + LONGEST_RANGE_S))
