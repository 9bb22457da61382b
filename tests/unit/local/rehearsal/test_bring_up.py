from pathlib import Path

import pytest

from local.processes.compose import Port, Service, Stack
from local.rehearsal import bring_up as module
from local.rehearsal.bring_up import Addresses, bring_up
from local.rehearsal.errors import CouldNotRun
from local.rehearsal.pipeline_client import PipelineOptions
from local.stack import ports
from local.stack.engine import State
from local.stack.errors import Refused
from local.stack.site import Site
from tests.unit.local.rehearsal.snapshots import action, execution, service, snapshot, task_set

DEFAULT, REAL_TIME = PipelineOptions(60.0, approval=False), PipelineOptions(1.0, approval=False)
SHOP = {"storefront": Service("storefront", (), ports=(Port(8080, 8080, "tcp", "STOREFRONT_PORT"),))}


class Machine:
    """What runs on a machine, and what is done to it."""

    def __init__(self):
        self.missing, self.processes, self.whole = "", False, True
        self.services = ["storefront"]
        self.options, self.snapshot, self.shop_is_open = None, snapshot(execution=None), True
        self.done, self.required_free = [], []

    def containers(self, site):
        return FakeContainers(self, site)

    def client(self, address):
        return FakeClient(self)

    def rehearse(self, options, **members):
        """Let a pipeline run with these options."""
        self.services, self.options = ["storefront", "pipeline", "load-balancer"], options
        self.snapshot = snapshot(**members)


class FakeContainers:
    def __init__(self, machine, site):
        self._machine, self._site = machine, site
        self.missing = machine.missing

    def is_running(self):
        return bool(self._machine.services)

    def is_complete(self):
        return self._machine.whole

    def states(self):
        return [State(name, "running") for name in self._machine.services]

    def start_profile(self, profile, wait_s, say):
        environ = self._site.environ
        self._machine.done.append((profile, environ["TIME_SCALE"], environ["APPROVAL"]))


class FakeClient:
    def __init__(self, machine):
        self._machine = machine

    def options(self):
        return self._machine.options

    def snapshot(self, execution):
        return self._machine.snapshot


class FakeProcesses:
    def __init__(self, machine):
        self._machine = machine

    def is_running(self):
        return self._machine.processes


@pytest.fixture(name="machine")
def _machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(module, "Containers", machine.containers)
    monkeypatch.setattr(module, "Processes", lambda site: FakeProcesses(machine))
    monkeypatch.setattr(module, "PipelineClient", machine.client)
    monkeypatch.setattr(module, "up", lambda site: machine.done.append("up"))
    monkeypatch.setattr(module.shop, "wait_until_open", lambda address: machine.done.append(address))
    monkeypatch.setattr(
        module.shop, "closed_because", lambda address: "" if machine.shop_is_open else "no products"
    )

    def require_free(stack):
        machine.required_free.append(
            [(name, port.variable) for name, service in stack.services.items() for port in service.ports]
        )

    monkeypatch.setattr(ports, "require_free", require_free)
    return machine


@pytest.fixture(name="site")
def _site(tmp_path):
    return Site(tmp_path / "docker-compose.yml", tmp_path / ".lantern", {}, Stack("lantern", SHOP))


def start(site, options=DEFAULT):
    return bring_up(site, options, lambda step: None)


def test_without_docker_it_is_refused_saying_why(machine, site):
    machine.missing = "there is no docker command"

    with pytest.raises(CouldNotRun, match="needs a Docker engine: there is no docker command"):
        start(site)

    assert machine.done == []


def test_beside_plain_processes_it_is_refused_saying_what_to_do(machine, site):
    machine.processes = True

    with pytest.raises(CouldNotRun, match="'make down' first, then 'make rehearse'"):
        start(site)

    assert machine.done == []


def test_everything_is_started_with_the_options(machine, site):
    machine.whole = False

    addresses = start(site, PipelineOptions(2.5, approval=True))

    assert machine.done == ["up", ("rehearsal", "2.5", "yes"), "http://127.0.0.1:8090"]
    assert addresses == Addresses("http://127.0.0.1:4567", "http://127.0.0.1:8090")
    assert sorted(machine.required_free[0]) == [
        ("load-balancer", "REHEARSAL_PORT"),
        ("load-balancer", "REHEARSAL_TEST_PORT"),
        ("pipeline", "PIPELINE_PORT"),
    ]


def test_ports_come_from_the_environment(machine, site):
    site.environ.update(PIPELINE_PORT="14567", REHEARSAL_PORT="18090")

    assert start(site) == Addresses("http://127.0.0.1:14567", "http://127.0.0.1:18090")


def test_a_port_in_use_is_refused_before_anything_starts(machine, site, monkeypatch):
    def taken(stack):
        raise Refused("port 4567 is taken")

    monkeypatch.setattr(ports, "require_free", taken)

    with pytest.raises(Refused, match="4567"):
        start(site)

    assert machine.done == []


def test_what_runs_with_these_options_already_is_left_alone(machine, site):
    machine.rehearse(DEFAULT)

    start(site)

    assert machine.done == machine.required_free == []


@pytest.mark.parametrize("broken", ["whole", "shop_is_open"])
def test_what_is_missing_is_started(machine, site, broken):
    machine.rehearse(DEFAULT)
    setattr(machine, broken, False)

    start(site)

    assert ("rehearsal", "60", "no") in machine.done
    assert machine.required_free == []


def test_options_change_when_no_execution_is_under_way(machine, site):
    machine.rehearse(DEFAULT, execution=execution(("Source", action("Source", "Source")), status="Succeeded"))

    start(site, REAL_TIME)

    assert ("rehearsal", "1", "no") in machine.done


UNDER_WAY = {
    "an execution": ({"execution": execution(status="InProgress")}, "execution execution-1 is under way"),
    "an execution that stops": ({"execution": execution(status="Stopping")}, "execution execution-1"),
    "an execution before the newest": (
        {"execution": execution(status="Stopped"), "ahead": ["execution-0"]},
        "execution execution-0 is under way",
    ),
    "a deployment": (
        {"execution": None, "services": [service(task_sets=[task_set(), task_set(status="DRAINING")])]},
        "a deployment of orders is under way",
    ),
}


@pytest.mark.parametrize("situation", UNDER_WAY)
@pytest.mark.parametrize(
    "options", [REAL_TIME, PipelineOptions(60.0, approval=True)], ids=["time scale", "approval"]
)
def test_options_do_not_change_during_an_execution_or_a_deployment(machine, site, situation, options):
    members, message = UNDER_WAY[situation]
    machine.rehearse(DEFAULT, **members)

    with pytest.raises(CouldNotRun, match=message) as refused:
        start(site, options)

    assert str(refused.value).startswith(f"{options}: ")
    assert "with TIME_SCALE=60 APPROVAL=no; wait for its end, or stop it: aws " in str(refused.value)
    assert machine.done == []


def test_the_same_options_are_accepted_during_an_execution(machine, site):
    machine.rehearse(DEFAULT, execution=execution(status="InProgress"))

    assert start(site).pipeline == "http://127.0.0.1:4567"


def test_the_folder_of_the_checkout_is_that_of_the_compose_file(site):
    assert site.root == Path(site.file).parent
