"""Brings up what a rehearsal needs: the stack of `make up`, then pipeline and load balancer beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.processes.compose import Port, Service, Stack
from local.rehearsal.errors import CouldNotRun
from local.rehearsal.pipeline_client import PipelineClient, PipelineOptions
from local.stack import ports, shop
from local.stack.__main__ import up
from local.stack.containers import Containers
from local.stack.processes import Processes
from local.stack.site import Site

PROFILE = "rehearsal"
PORTS = {  # variable → default, the service that publishes the port
    "REHEARSAL_PORT": (8090, "load-balancer"),
    "REHEARSAL_TEST_PORT": (8091, "load-balancer"),
    "PIPELINE_PORT": (4567, "pipeline"),
}
WAIT_S = 240.0  # the first start pushes three images


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of the pipeline and of the rehearsed shop."""

    pipeline: str
    shop: str


def bring_up(site: Site, options: PipelineOptions, say: Callable[[str], None]) -> Addresses:
    """Start everything with these options; what runs with them already is left alone.

    `say` is called with each step. Raises CouldNotRun and StackError.
    """
    containers = Containers(site)
    if containers.missing:
        raise CouldNotRun(
            f"A rehearsal builds images and runs tasks, so it needs a Docker engine: {containers.missing}"
        )
    if Processes(site).is_running():
        raise CouldNotRun("Lantern runs as plain processes: 'make down' first, then 'make rehearse'")
    published = {name: int(site.environ.get(name) or default) for name, (default, _) in PORTS.items()}
    addresses = Addresses(
        *(f"http://127.0.0.1:{published[name]}" for name in ("PIPELINE_PORT", "REHEARSAL_PORT"))
    )
    client = PipelineClient(addresses.pipeline)
    is_up = containers.is_running() and "pipeline" in {state.service for state in containers.states()}
    current = client.options() if is_up else None
    if current == options and containers.is_complete() and not shop.closed_because(addresses.shop):
        return addresses
    if not is_up:
        ports.require_free(_stack(site.stack.name, published))
    if current is not None and current != options:
        _require_quiet(client, current, options)
    if not containers.is_complete():
        up(site)
    site.environ["TIME_SCALE"] = f"{options.scale:g}"
    site.environ["APPROVAL"] = "yes" if options.approval else "no"
    Containers(site).start_profile(PROFILE, WAIT_S, say)
    say("Waiting for the rehearsed shop's tasks")
    shop.wait_until_open(addresses.shop)
    return addresses


def _require_quiet(client: PipelineClient, current: PipelineOptions, options: PipelineOptions) -> None:
    """Refuse other options while something waits by the current ones. Raises CouldNotRun."""
    snapshot = client.snapshot("")
    executions = list(snapshot["ahead"])
    newest = snapshot["execution"]
    if newest and newest["status"] in ("InProgress", "Stopping"):
        executions.append(newest["id"])
    if executions:
        raise CouldNotRun(
            f"{options}: execution {executions[0]} is under way with {current}; "
            "wait for its end, or stop it: aws codepipeline stop-pipeline-execution"
        )
    if deploying := [service["name"] for service in snapshot["services"] if _is_deploying(service)]:
        raise CouldNotRun(
            f"{options}: a deployment of {', '.join(deploying)} is under way with {current}; "
            "wait for its end, or stop it: aws deploy stop-deployment"
        )


def _is_deploying(service: dict[str, Any]) -> bool:
    """Whether the service has a task set beside its primary one, which starts or drains."""
    return any(task_set["status"] != "PRIMARY" for task_set in service["task sets"])


def _stack(name: str, published: dict[str, int]) -> Stack:
    """The rehearsal's services, with the ports that they publish."""
    by_service: dict[str, list[Port]] = {}
    for variable, port in published.items():
        by_service.setdefault(PORTS[variable][1], []).append(Port(port, port, "tcp", variable))
    services = {
        service: Service(service, (), ports=tuple(service_ports))
        for service, service_ports in by_service.items()
    }
    return Stack(name, services)
