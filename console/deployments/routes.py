"""The pipeline's executions and the newest deployments."""

from functools import partial
from typing import Any

from flask import Blueprint, current_app, render_template, request

from console.pipeline import codepipeline, pages
from console.pipeline.codedeploy import newest_deployments
from console.pipeline.codepipeline import ExecutionFilter, Page, Position
from console.pipeline.deployments import STATUSES as DEPLOYMENT_STATUSES
from console.pipeline.deployments import Deployment
from console.pipeline.executions import STATUSES, Action, Approval, deploy_actions
from console.shared.aws import Aws, aws
from console.shared.errors import BadInput, Unreachable

routes = Blueprint("deployments", __name__)
routes.register_error_handler(Unreachable, pages.unreachable_page)
COUNTS = (25, 100, 200)
IDLE_LIVE_MS = 15_000  # AWS limits how often it may be asked


@routes.get("/deployments")
def show() -> Any:
    """Show executions by status and service, a page at a time, and the newest deployments."""
    pipelines, problem = pages.list_pipelines()
    if not pipelines:
        return pages.absent_page(problem)
    pipeline, client = pages.chosen_pipeline(pipelines), aws()
    pending = client.start_attempt(partial(codepipeline.approvals_of, client, pipeline), list[Approval])
    build_logs = client.start(
        partial(pages.has_build_logs, client, current_app.extensions["settings"].log_group_prefix)
    )
    declared = codepipeline.stages_of(client, pipeline)
    services = deploy_actions(declared)
    matching = _execution_filter(services)
    newest = client.start_attempt(partial(_newest, client, services, matching), list[Deployment])
    position = Position(request.args.get("older", ""), request.args.get("actions", ""))
    approvals, approvals_problem = pending.result()
    page = codepipeline.page_of_executions(client, pipeline, position, matching, declared, approvals)
    deployments, deployments_problem = newest.result()
    classes, classes_problem = pages.dora_classes(pipeline)
    return render_template(
        "deployments/deployments.html",
        pipelines=pipelines,
        pipeline=pipeline,
        page=page,
        filter=matching,
        services=list(services),
        statuses=STATUSES,
        counts=COUNTS,
        is_newest=not position.executions,
        deployments=deployments,
        classes=classes,
        problem=deployments_problem or approvals_problem or classes_problem,
        has_build_logs=build_logs.result(),
        live_ms=_live_ms(page, deployments) if not position.executions else 0,
    )


def _execution_filter(services: dict[str, Action]) -> ExecutionFilter:
    status, service = request.args.get("status", ""), request.args.get("service", "")
    count = request.args.get("count", str(COUNTS[0]))
    if status and status not in STATUSES:
        raise BadInput(f"status={status!r}: expected one of {', '.join(STATUSES)}")
    if service and service not in services:
        raise BadInput(f"service={service!r}: the pipeline deploys {', '.join(services) or 'nothing'}")
    if count not in map(str, COUNTS):
        raise BadInput(f"count={count!r}: expected one of {', '.join(map(str, COUNTS))}")
    return ExecutionFilter(status, service, int(count))


def _newest(client: Aws, services: dict[str, Action], matching: ExecutionFilter) -> list[Deployment]:
    statuses = DEPLOYMENT_STATUSES.get(matching.status, ())
    if matching.status and not statuses:
        return []
    action = services.get(matching.service, Action("", ""))
    return newest_deployments(client, action.application, action.group, statuses)


def _live_ms(page: Page, deployments: list[Deployment]) -> int:
    """How often the page refreshes itself: often while something runs."""
    running = [shown.is_running for shown in page.executions] + [shown.is_running for shown in deployments]
    return pages.LIVE_MS if any(running) else IDLE_LIVE_MS
