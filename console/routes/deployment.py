"""One deployment: its lifecycle, its weights, what both versions did meanwhile, and where to look further."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from console import deployments as codedeploy
from console import filters, target_groups
from console import pipeline as codepipeline
from console.aws import Aws, attempt, aws
from console.deployment import Deployment
from console.deployments import Group
from console.errors import NotFound, Unreachable
from console.executions import Execution
from console.ranges import between
from console.routes.deployments import absent, asked_pipeline, known_pipelines, show_absent
from console.series import Chart
from console.trace_list import Summary, http, newest_summaries
from console.weights import Routing, shares, words

routes = Blueprint("deployment", __name__)
routes.register_error_handler(Unreachable, show_absent)
COLOURS = {"blue": "side-blue", "green": "side-green", "load balancer": "line-4"}
NOBODYS = ("line-3", "line-1")  # of target groups that may have been either side's
TICKS = (0, 25, 50, 75, 100)
WIDTH, HEIGHT = 600, 80  # of the picture of weights
AROUND_S = 5.0
COMPARED = 50  # traces of each version, among which a pair is looked for


@dataclass(frozen=True, slots=True)
class Origins:
    """The executions that brought green and blue, and blue's deployment, as far as they are known."""

    green: Execution | None = None
    blue: Execution | None = None
    previous: Deployment | None = None

    def versions(self) -> dict[str, str]:
        """What each side's traces and log lines say as their version."""
        known = {"blue": self.blue, "green": self.green}
        return {side: one.version for side, one in known.items() if one and one.version}


@routes.get("/deployments/d-<number>")
def show(number: str) -> Any:
    """The deployment d-`number`."""
    pipelines, problem = known_pipelines()
    if not pipelines and aws().is_rehearsal:
        return absent(problem)
    one, client, now_s = _found(number), aws(), time.time()
    name = asked_pipeline(pipelines) if pipelines else ""
    origins = client.start(partial(attempt, partial(origins_of, client, name, one), Origins))
    routed = client.start(partial(attempt, partial(codedeploy.routing, client, one.config), Routing))
    group, group_problem = attempt(partial(codedeploy.group_of, client, one), Group)
    end_s = one.last_s(now_s)
    sides = one.target_groups(list(group.pair)) or {name: name for name in group.pair}
    charts, chart_problem = attempt(
        partial(target_groups.charts, client, sides, one.start_s - AROUND_S, end_s + AROUND_S), list[Chart]
    )
    routing, routing_problem = routed.result()
    found, origins_problem = origins.result()
    problems = (group_problem, routing_problem, chart_problem, origins_problem)
    return render_template(
        "deployment.html",
        pipeline=name,
        one=one,
        group=group,
        origins=found,
        sides=sides,
        charts=charts,
        colours={**COLOURS, **dict(zip(group.pair, NOBODYS, strict=False))},
        problems=[said for said in problems if said],
        stretch=between(one.start_s - AROUND_S, min(now_s, end_s + 60)),
        live_ms=3000 if one.is_running else 0,
        **_drawn(one, routing, now_s),
    )


def _drawn(one: Deployment, routing: Routing, now_s: float) -> dict[str, Any]:
    """What the picture of events and weights is made of."""
    end_s, weights = one.last_s(now_s), shares(one, routing, now_s)
    return {
        "routing": routing,
        "weights": weights,
        "weights_said": words(weights.steps, one.start_s),
        "path": weights.path(one.start_s, end_s, WIDTH, HEIGHT),
        "size": (WIDTH, HEIGHT),
        "end_s": end_s,
        "percent": _axis(one.start_s, end_s),
        "ticks": TICKS,
    }


@routes.get("/deployments/d-<number>/compare")
def compare(number: str) -> Any:
    """The newest pair of traces, one of each version, side by side; of the same call where there is one."""
    pipelines, _ = known_pipelines()
    one, client, now_s = _found(number), aws(), time.time()
    versions = origins_of(client, asked_pipeline(pipelines) if pipelines else "", one).versions()
    if len(versions) < 2:
        raise NotFound("The commits of both versions must be known for that; this deployment's are not.")
    span = (one.start_s - AROUND_S, min(now_s, one.last_s(now_s) + AROUND_S))
    found = {side: _traces(client, one.group, version, span) for side, version in versions.items()}
    for side, traces in found.items():
        if not traces:
            raise NotFound(f"There is no trace of {one.group} {versions[side]} ({side}) in that time.")
    left, right = pair_of(found["blue"], found["green"])
    return redirect(url_for("compare.show", left=left["Id"], right=right["Id"]))


def origins_of(client: Aws, name: str, one: Deployment) -> Origins:
    """Whose commits blue and green are; a rollback's green is what was there before. Raises AwsError."""
    if not name:
        return Origins()
    previous = codedeploy.previous(client, one)
    started = codepipeline.started_by(
        client, name, {each for each in (one.id, one.rolls_back, previous.id if previous else "") if each}
    )
    read: Callable[[str], Execution | None] = lambda each: (  # noqa: E731
        codepipeline.one_execution(client, name, started[each]) if each in started else None
    )
    before = read(previous.id) if previous else None
    if one.rolls_back:
        return Origins(before, read(one.rolls_back), previous)
    return Origins(read(one.id), before, previous)


def pair_of(blue: list[Summary], green: list[Summary]) -> tuple[Summary, Summary]:
    """The newest trace of green that has a like in blue, with it; else the newest of both."""
    calls: dict[Any, Summary] = {}
    for one in blue:
        calls.setdefault(_call(one), one)
    alike = next((one for one in green if _call(one) in calls), None)
    return (calls[_call(alike)], alike) if alike else (blue[0], green[0])


def _call(one: Summary) -> tuple[Any, Any]:
    return http(one, "HttpMethod"), http(one, "HttpURL")


def _traces(client: Aws, service: str, version: str, span: tuple[float, float]) -> list[Summary]:
    return newest_summaries(client, filters.version(version, service), span, COMPARED)[0]


def _found(number: str) -> Deployment:
    one = codedeploy.one_deployment(aws(), f"d-{number}")
    if one is None:
        raise NotFound(f"There is no deployment d-{number[:80]}.")
    return one


def _axis(start_s: float, end_s: float) -> Callable[[float, float], tuple[float, float]]:
    """From times to percent of the axis: left and width."""

    def percent(from_s: float, to_s: float) -> tuple[float, float]:
        left = min(100.0, max(0.0, 100 * (from_s - start_s) / (end_s - start_s)))
        return left, min(100 - left, max(0.0, 100 * (to_s - from_s) / (end_s - start_s)))

    return percent
