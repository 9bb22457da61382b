"""One deployment: its lifecycle events, its traffic weights, and what both versions did meanwhile."""

import time
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.compare.page import comparison_page
from console.deployment import load_balancer
from console.deployment.alarms import Alarm, alarms_of
from console.deployment.before_and_after import FEW, Row, before_and_after
from console.deployment.story import story_of, strips_of
from console.deployment.traffic_weights import weights_of
from console.deployment.versions import Origins, compared_pair, origins_of
from console.pipeline import codedeploy, pages
from console.pipeline.deployments import Deployment, DeploymentGroup, TrafficRouting
from console.shared import axis, forms
from console.shared.aws import attempt, aws
from console.shared.chart import Chart
from console.shared.errors import BadInput, NotFound, Unreachable
from console.shared.time_range import between

routes = Blueprint("deployment", __name__)
routes.register_error_handler(Unreachable, pages.unreachable_page)
COLOURS = {"blue": "side-blue", "green": "side-green", "load balancer": "line-4"}
# a roll-back's green is the old version, which keeps the colour that it had before
ROLLBACK_COLOURS = {"blue": "side-green", "green": "side-blue", "load balancer": "line-4"}
UNKNOWN_COLOURS = ("line-3", "line-1")  # of target groups of which nobody knows which was blue's
ROLES = {"blue": "old", "green": "new"}
ROLLBACK_ROLES = {"blue": "what is rolled back", "green": "what is brought back"}
TICKS = (0, 25, 50, 75, 100)  # of the time axis, in percent
WIDTH, HEIGHT = 600, 80  # of the picture of weights


@routes.get("/deployments/d-<number>")
def show(number: str) -> Any:
    """Show the deployment d-`number`."""
    pipelines, problem = pages.list_pipelines()
    if not pipelines and pages.is_rehearsal():
        return pages.absent_page(problem)
    deployment, client, now_s = _deployment(number), aws(), time.time()
    pipeline = pages.chosen_pipeline(pipelines) if pipelines else ""
    pending_origins = client.start_attempt(partial(origins_of, client, pipeline, deployment), Origins)
    pending_routing = client.start_attempt(
        partial(codedeploy.traffic_routing, client, deployment.config), TrafficRouting
    )
    group, group_problem = attempt(partial(codedeploy.group_of, client, deployment), DeploymentGroup)
    start_s, end_s = deployment.start_s, deployment.axis_end_s(now_s)
    sides = deployment.target_groups(list(group.target_groups)) or {
        name: name for name in group.target_groups
    }
    charts, charts_problem = attempt(
        partial(load_balancer.charts, client, sides, start_s - pages.AROUND_S, end_s + pages.AROUND_S),
        list[Chart],
    )
    routing, routing_problem = pending_routing.result()
    origins, origins_problem = pending_origins.result()
    compared, compared_problem = attempt(
        partial(before_and_after, client, deployment.group, origins.versions(), (start_s, min(now_s, end_s))),
        list[Row],
    )
    alarms, alarms_problem = attempt(
        partial(
            alarms_of, client, group.alarms, start_s - pages.AROUND_S, min(now_s, end_s) + pages.AROUND_S
        ),
        list[Alarm],
    )
    weights = weights_of(deployment, routing, now_s)
    classes, classes_problem = pages.dora_classes(pipeline) if pipeline else ({}, "")
    problems = (
        group_problem,
        routing_problem,
        charts_problem,
        origins_problem,
        compared_problem,
        alarms_problem,
        classes_problem,
    )
    return render_template(
        "deployment/deployment.html",
        pipeline=pipeline,
        deployment=deployment,
        group=group,
        routing=routing,
        origins=origins,
        classified=classes.get(deployment.id),
        sides=sides,
        charts=charts,
        compared=compared,
        alarms=alarms,
        story=story_of(deployment, weights, charts, alarms, sides.get("green", "")),
        strips=strips_of(charts, alarms, sides.get("green", ""), (start_s, end_s), (WIDTH, HEIGHT)),
        few=FEW,
        colours={
            **(ROLLBACK_COLOURS if deployment.rolls_back else COLOURS),
            **dict(zip(group.target_groups, UNKNOWN_COLOURS, strict=False)),
        },
        problems=[problem for problem in problems if problem],
        weights=weights,
        path=weights.path(start_s, end_s, WIDTH, HEIGHT),
        size=(WIDTH, HEIGHT),
        end_s=end_s,
        on_axis=partial(axis.place, start_s, end_s),
        ticks=TICKS,
        range=between(start_s - pages.AROUND_S, min(now_s, end_s + 60)),
        live_ms=pages.LIVE_MS if deployment.is_running else 0,
    )


@routes.get("/deployments/d-<number>/compare")
def compare(number: str) -> str:
    """Show a trace of both versions at the same endpoint; `by` chooses each side's median or worst one."""
    by = request.args.get("by", "")
    if by not in ("", "median", "worst"):
        raise BadInput(f"by={by!r}: expected median or worst")
    pipelines, _ = pages.list_pipelines()
    deployment, client, now_s = _deployment(number), aws(), time.time()
    origins = origins_of(client, pages.chosen_pipeline(pipelines) if pipelines else "", deployment)
    span = (deployment.start_s - pages.AROUND_S, min(now_s, deployment.axis_end_s(now_s) + pages.AROUND_S))
    versions = origins.versions()
    pair = compared_pair(client, deployment.group, versions, span, by)
    roles = ROLLBACK_ROLES if deployment.rolls_back else ROLES
    headings = [f"{side}, {roles[side]}: {versions[side]}" for side in ("blue", "green")]
    return comparison_page(
        pair.traces["blue"]["Id"], pair.traces["green"]["Id"], headings, pair=pair, deployment=deployment
    )


@routes.post("/deployments/stop-deployment")
def stop() -> Any:
    """Stop a deployment and send production traffic back to blue."""
    deployment_id = forms.required(request.form, "deployment")
    aws().ask("codedeploy", "stop_deployment", deploymentId=deployment_id, autoRollbackEnabled=True)
    return redirect(url_for("deployment.show", number=deployment_id.removeprefix("d-")))


def _deployment(number: str) -> Deployment:
    deployment = codedeploy.get_deployment(aws(), f"d-{number}")
    if deployment is None:
        raise NotFound(f"There is no deployment d-{number[:80]}.")
    return deployment
