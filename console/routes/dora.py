"""The five DORA metrics of each service, and what stands behind each number."""

import re
import time
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from console import scorecard, trends
from console.delivery import Delivery
from console.errors import Unreachable
from console.ranges import between
from console.routes.deployments import absent, asked_pipeline, known_pipelines, show_absent
from dora import formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.times import duration, utc

routes = Blueprint("dora", __name__)
routes.register_error_handler(Unreachable, show_absent)
DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{1,32}")
LONGEST_LOOK_S = 3600.0  # at the traces of a deployment
MOST_ROWS = 200
SAID = {
    "choices": scorecard.CHOICES,
    "levels": levels,
    "wording": formatting,
    "lanes": trends.LANES,
    "size": (trends.WIDTH, trends.HEIGHT),
    "edge": trends.edge,
    "long": duration,
    "utc": utc,
    "why": scorecard.why,
    "own_commit": scorecard.own_commit,
    "behind": scorecard.behind,
    "most_rows": MOST_ROWS,
}


@routes.get("/dora")
def show() -> Any:
    """Every service, or one, in a window; with `figure`, what that number was computed from."""
    pipelines, problem = known_pipelines()
    if not pipelines:
        return absent(problem)
    name, delivery, now_s = asked_pipeline(pipelines), _delivery(), time.time()
    found = delivery.reading(name)
    if found is None:
        return render_template("dora_reading.html", pipeline=name)
    wanted = scorecard.asked(request.args, found.judged.services, found.began_s, now_s)
    report, cards = scorecard.scorecards(found.judged, wanted, now_s)
    return render_template(
        "dora.html",
        pipelines=pipelines,
        pipeline=name,
        reading=found,
        wanted=wanted,
        report=report,
        cards=cards,
        place_of=place_of,
        look_at=look_at,
        live_ms=0 if wanted.until else 20_000,
        **SAID,
    )


def place_of(deployment_id: str) -> str:
    """The address of a deployment's page; of an attempt that never got that far, its execution's; or ""."""
    if DEPLOYMENT_ID.fullmatch(deployment_id):
        return url_for("deployment.show", number=deployment_id.removeprefix("d-"))
    execution, _, service = deployment_id.partition("/")
    if not service:
        return ""
    pipeline = request.args.get("pipeline") or None
    return url_for("deployments.show_execution", execution_id=execution, pipeline=pipeline)


def look_at(one: ClassifiedDeployment) -> dict[str, str]:
    """The stretch of time whose traces are worth a look: from its first users to its end."""
    deployment = one.deployment
    begin = deployment.started_at if deployment.exposed_at is None else deployment.exposed_at
    end = deployment.ended_at if deployment.ended_at is not None else begin + LONGEST_LOOK_S
    return between(begin - 5, min(end + 60, begin + LONGEST_LOOK_S))


def _delivery() -> Delivery:
    found: Delivery = current_app.extensions["delivery"]
    return found
