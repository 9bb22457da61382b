"""The pipeline's executions and the newest deployments; one execution."""

import time
from functools import partial
from typing import Any

from flask import Blueprint, current_app, render_template, request

from console import deployments as codedeploy
from console import filters
from console import pipeline as codepipeline
from console.aws import Aws, attempt, aws
from console.deployment import STATUSES as DEPLOYMENT_STATUSES
from console.deployment import Deployment
from console.errors import AwsError, BadInput, NotFound, Unreachable
from console.executions import SIGNS, STATUSES, Action, Approval, deploy_actions
from console.logs import groups
from console.pipeline import Page, Place, Wanted
from console.ranges import between

routes = Blueprint("deployments", __name__)
COUNTS = (25, 100, 200)
AROUND_S = 5.0
BUILD_GROUP = "build"  # below the prefix of log groups


@routes.app_context_processor
def _said() -> dict[str, Any]:
    """What the templates about the pipeline have in common; nothing is asked until they do."""
    return {
        "signs": SIGNS,
        "version_filter": filters.version,
        "stretch_of": _stretch_of,
        "is_rehearsal": lambda: aws().is_rehearsal,
    }


@routes.get("/deployments")
def show() -> Any:
    """Executions by status and service, a page at a time, and the newest deployments beside them."""
    pipelines, problem = known_pipelines()
    if not pipelines:
        return absent(problem)
    name, client = asked_pipeline(pipelines), aws()
    pending = client.start(partial(attempt, partial(codepipeline.approvals, client, name), list[Approval]))
    logged = client.start(
        partial(has_build_logs, client, current_app.extensions["settings"].log_group_prefix)
    )
    declared = codepipeline.stages(client, name)
    services = deploy_actions(declared)
    wanted = _wanted(services)
    listed = client.start(partial(attempt, partial(_newest, client, services, wanted), list[Deployment]))
    place = Place(request.args.get("older", ""), request.args.get("actions", ""))
    found = codepipeline.page(client, name, place, wanted, declared, pending.result()[0])
    deployments, deployments_problem = listed.result()
    return render_template(
        "deployments.html",
        pipelines=pipelines,
        pipeline=name,
        page=found,
        wanted=wanted,
        services=list(services),
        statuses=STATUSES,
        counts=COUNTS,
        is_newest=not place.executions,
        deployments=deployments,
        problem=deployments_problem or pending.result()[1],
        has_build_logs=logged.result(),
        live_ms=_live_ms(found, deployments) if not place.executions else 0,
    )


@routes.get("/deployments/<execution_id>")
def show_execution(execution_id: str) -> Any:
    """One execution: every action, its deployments, and what can be answered or stopped."""
    pipelines, problem = known_pipelines()
    if not pipelines:
        return absent(problem)
    name, client = asked_pipeline(pipelines), aws()
    one = codepipeline.one_execution(client, name, execution_id)
    if one is None:
        raise NotFound(f"Pipeline {name} has no execution {execution_id[:80]}.")
    prefix = current_app.extensions["settings"].log_group_prefix
    return render_template(
        "execution.html",
        pipeline=name,
        execution=one,
        has_build_logs=has_build_logs(client, prefix),
        live_ms=3000 if one.is_running else 0,
    )


def known_pipelines() -> tuple[list[str], str]:
    """The account's pipelines; none, and why, where nobody answers for CodePipeline. Raises AwsError."""
    client = aws()
    try:
        return codepipeline.names(client), ""
    except AwsError as error:
        if isinstance(error, Unreachable) or client.is_rehearsal:
            return [], error.detail
        raise


def asked_pipeline(pipelines: list[str]) -> str:
    """The pipeline of the address, else the one that the settings name, else the first; raises NotFound."""
    asked = request.values.get("pipeline", "")
    if asked and asked not in pipelines:
        raise NotFound(f"There is no pipeline {asked[:100]} here; there is {', '.join(pipelines)}.")
    usual = current_app.extensions["settings"].pipeline
    return asked or (usual if usual in pipelines else pipelines[0])


def absent(problem: str) -> str:
    """The page that says what to do where there is no pipeline."""
    return render_template("pipeline_absent.html", problem=problem)


@routes.errorhandler(Unreachable)
def show_absent(error: Unreachable) -> str:
    """It may have gone while it was asked; the page looks again."""
    return absent(error.detail)


def has_build_logs(client: Aws, prefix: str) -> bool:
    """Whether builds have a log group that the logs page shows."""
    found, _ = attempt(lambda: groups(client, prefix + BUILD_GROUP), list[str])
    return prefix + BUILD_GROUP in found


def _stretch_of(start_s: float, end_s: float | None) -> dict[str, str]:
    """The arguments of a link to what happened meanwhile; without an end, until now."""
    return between(start_s - AROUND_S, (time.time() if end_s is None else end_s) + AROUND_S)


def _wanted(services: dict[str, Action]) -> Wanted:
    status, service = request.args.get("status", ""), request.args.get("service", "")
    count = request.args.get("count", str(COUNTS[0]))
    if status and status not in STATUSES:
        raise BadInput(f"status={status!r}: expected one of {', '.join(STATUSES)}")
    if service and service not in services:
        raise BadInput(f"service={service!r}: the pipeline deploys {', '.join(services) or 'nothing'}")
    if count not in map(str, COUNTS):
        raise BadInput(f"count={count!r}: expected one of {', '.join(map(str, COUNTS))}")
    return Wanted(status, service, int(count))


def _newest(client: Aws, services: dict[str, Action], wanted: Wanted) -> list[Deployment]:
    statuses = DEPLOYMENT_STATUSES.get(wanted.status, ())
    if wanted.status and not statuses:
        return []
    action = services.get(wanted.service, Action("", ""))
    return codedeploy.newest(client, action.application, action.group, statuses)


def _live_ms(found: Page, deployments: list[Deployment]) -> int:
    """Often while something runs; AWS bounds how often it may be asked."""
    is_running = any(one.is_running for one in found.executions) or any(one.is_running for one in deployments)
    return 3000 if is_running else 15_000
