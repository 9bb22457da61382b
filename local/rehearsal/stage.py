"""Brings up what a rehearsal stands on: the stack of `make up`, then pipeline and load balancer beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.processes.compose import Port, Service, Stack
from local.rehearsal.errors import CouldNotRun
from local.rehearsal.pipeline import Pace, Pipeline
from local.stack import ports, shop
from local.stack.__main__ import up
from local.stack.containers import Containers
from local.stack.detached import Processes
from local.stack.site import Site

PROFILE = "rehearsal"
PORTS = {  # variable: default, the service that publishes it
    "REHEARSAL_PORT": (8090, "load-balancer"),
    "REHEARSAL_TEST_PORT": (8091, "load-balancer"),
    "PIPELINE_PORT": (4567, "pipeline"),
}
WAIT_S = 240.0  # the first start pushes three images


@dataclass(frozen=True, slots=True)
class Place:
    """Where pipeline and rehearsed shop answer."""

    pipeline: str
    shop: str


def prepare(site: Site, wanted: Pace, say: Callable[[str], None]) -> Place:
    """Have everything up at this pace; what runs already stays. Raises CouldNotRun, StackError."""
    containers = Containers(site)
    if containers.missing:
        raise CouldNotRun(
            f"A rehearsal builds images and runs tasks, so it needs a Docker engine: {containers.missing}"
        )
    if Processes(site).is_there():
        raise CouldNotRun("Lantern runs as plain processes: 'make down' first, then 'make rehearse'")
    published = {name: int(site.environ.get(name) or default) for name, (default, _) in PORTS.items()}
    place = Place(*(f"http://127.0.0.1:{published[name]}" for name in ("PIPELINE_PORT", "REHEARSAL_PORT")))
    now = Pipeline(place.pipeline).pace() if _is_ours(containers) else None
    if now == wanted and containers.is_whole() and not shop.closed_because(place.shop):
        return place
    if not _is_ours(containers):
        ports.require_free(_stack(site.stack.name, published))
    if now is not None and now != wanted:
        _require_rest(Pipeline(place.pipeline), now, wanted)
    if not containers.is_whole():
        up(site)
    site.environ["TIME_SCALE"] = f"{wanted.scale:g}"
    site.environ["APPROVAL"] = "yes" if wanted.approval else "no"
    Containers(site).start_profile(PROFILE, WAIT_S, say)
    say("Waiting for the rehearsed shop's tasks")
    shop.wait_until_open(place.shop)
    return place


def fill_the_shelf(site: Site) -> None:
    """So that shoppers find what to buy. Raises NotUp."""
    Containers(site).run_once("seed", "python3", "-m", "services.catalog.seed", "--fill-up")


def _is_ours(containers: Containers) -> bool:
    return containers.is_there() and "pipeline" in {state.service for state in containers.states()}


def _require_rest(pipeline: Pipeline, now: Pace, wanted: Pace) -> None:
    """Time must not change its pace under a deployment that waits, nor stages come and go."""
    found = pipeline.snapshot("")
    newest = found["execution"]
    is_newest = newest and newest["status"] in ("InProgress", "Stopping")
    if executions := [*found["ahead"], *([newest["id"]] if is_newest else [])]:
        raise CouldNotRun(
            f"{wanted}: execution {executions[0]} is under way with {now}; "
            "wait for its end, or stop it: aws codepipeline stop-pipeline-execution"
        )
    if moving := [one["name"] for one in found["services"] if _is_moving(one)]:
        raise CouldNotRun(
            f"{wanted}: a deployment of {', '.join(moving)} is under way with {now}; "
            "wait for its end, or stop it: aws deploy stop-deployment"
        )


def _is_moving(service: dict[str, Any]) -> bool:
    """Beside the task set that serves there is another one, which comes or goes."""
    return any(one["status"] != "PRIMARY" for one in service["task sets"])


def _stack(name: str, published: dict[str, int]) -> Stack:
    found: dict[str, list[Port]] = {}
    for variable, port in published.items():
        found.setdefault(PORTS[variable][1], []).append(Port(port, port, "tcp", variable))
    services = {service: Service(service, (), ports=tuple(mine)) for service, mine in found.items()}
    return Stack(name, services)
