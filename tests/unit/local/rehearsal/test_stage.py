from pathlib import Path

import pytest

from local.processes.compose import Port, Service, Stack
from local.rehearsal import stage
from local.rehearsal.errors import CouldNotRun
from local.rehearsal.pipeline import Pace
from local.stack import ports
from local.stack.engine import State
from local.stack.errors import Refused
from local.stack.site import Site
from tests.unit.local.rehearsal.snapshots import action, execution, service, snapshot, task_set

HURRIED, PATIENT = Pace(60.0, False), Pace(1.0, False)
SHOP = {"storefront": Service("storefront", (), ports=(Port(8080, 8080, "tcp", "STOREFRONT_PORT"),))}


class House:
    """What runs on the machine, and what is done to it."""

    def __init__(self):
        self.missing, self.processes, self.whole = "", False, True
        self.services = ["storefront"]
        self.pace, self.now, self.shop_is_open = None, snapshot(execution=None), True
        self.done, self.taken = [], []

    def containers(self, site):
        return FakeContainers(self, site)

    def pipeline(self, address):
        return FakePipeline(self)

    def rehearses(self, pace, **now):
        """A pipeline runs at this pace."""
        self.services, self.pace = ["storefront", "pipeline", "load-balancer"], pace
        self.now = snapshot(**now)


class FakeContainers:
    def __init__(self, house, site):
        self._house, self._site = house, site
        self.missing = house.missing

    def is_there(self):
        return bool(self._house.services)

    def is_whole(self):
        return self._house.whole

    def states(self):
        return [State(name, "running") for name in self._house.services]

    def start_profile(self, profile, wait_s, say):
        environ = self._site.environ
        self._house.done.append((profile, environ["TIME_SCALE"], environ["APPROVAL"]))


class FakePipeline:
    def __init__(self, house):
        self._house = house

    def pace(self):
        return self._house.pace

    def snapshot(self, execution):
        return self._house.now


class FakeProcesses:
    def __init__(self, house):
        self._house = house

    def is_there(self):
        return self._house.processes


@pytest.fixture(name="house")
def _house(monkeypatch):
    house = House()
    monkeypatch.setattr(stage, "Containers", house.containers)
    monkeypatch.setattr(stage, "Processes", lambda site: FakeProcesses(house))
    monkeypatch.setattr(stage, "Pipeline", house.pipeline)
    monkeypatch.setattr(stage, "up", lambda site: house.done.append("up"))
    monkeypatch.setattr(stage.shop, "wait_until_open", lambda address: house.done.append(address))
    monkeypatch.setattr(
        stage.shop, "closed_because", lambda address: "" if house.shop_is_open else "no products"
    )

    def require_free(stack):
        house.taken.append(
            [(name, port.variable) for name, one in stack.services.items() for port in one.ports]
        )

    monkeypatch.setattr(ports, "require_free", require_free)
    return house


@pytest.fixture(name="site")
def _site(tmp_path):
    return Site(tmp_path / "docker-compose.yml", tmp_path / ".lantern", {}, Stack("lantern", SHOP))


def prepare(site, pace=HURRIED):
    return stage.prepare(site, pace, lambda words: None)


def test_without_docker_it_is_refused_saying_why(house, site):
    house.missing = "there is no docker command"

    with pytest.raises(CouldNotRun, match="needs a Docker engine: there is no docker command"):
        prepare(site)

    assert house.done == []


def test_with_the_shop_as_processes_it_is_refused_saying_what_to_do(house, site):
    house.processes = True

    with pytest.raises(CouldNotRun, match="'make down' first, then 'make rehearse'"):
        prepare(site)

    assert house.done == []


def test_everything_is_brought_up_at_the_pace_that_is_wanted(house, site):
    house.whole = False

    place = prepare(site, Pace(2.5, True))

    assert house.done == ["up", ("rehearsal", "2.5", "yes"), "http://127.0.0.1:8090"]
    assert place == stage.Place("http://127.0.0.1:4567", "http://127.0.0.1:8090")
    assert sorted(house.taken[0]) == [
        ("load-balancer", "REHEARSAL_PORT"),
        ("load-balancer", "REHEARSAL_TEST_PORT"),
        ("pipeline", "PIPELINE_PORT"),
    ]


def test_ports_are_where_the_environment_says(house, site):
    site.environ.update(PIPELINE_PORT="14567", REHEARSAL_PORT="18090")

    assert prepare(site) == stage.Place("http://127.0.0.1:14567", "http://127.0.0.1:18090")


def test_a_port_that_somebody_has_is_refused_before_anything_starts(house, site, monkeypatch):
    def taken(stack):
        raise Refused("port 4567 is taken")

    monkeypatch.setattr(ports, "require_free", taken)

    with pytest.raises(Refused, match="4567"):
        prepare(site)

    assert house.done == []


def test_what_runs_at_this_pace_already_stays(house, site):
    house.rehearses(HURRIED)

    prepare(site)

    assert house.done == house.taken == []


@pytest.mark.parametrize("broken", ["whole", "shop_is_open"])
def test_what_runs_in_part_is_completed(house, site, broken):
    house.rehearses(HURRIED)
    setattr(house, broken, False)

    prepare(site)

    assert ("rehearsal", "60", "no") in house.done
    assert house.taken == []


def test_another_pace_is_taken_on_when_nothing_is_under_way(house, site):
    house.rehearses(HURRIED, execution=execution(("Source", action("Source", "Source")), status="Succeeded"))

    prepare(site, PATIENT)

    assert ("rehearsal", "1", "no") in house.done


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


@pytest.mark.parametrize("what", UNDER_WAY)
@pytest.mark.parametrize("wanted", [PATIENT, Pace(60.0, True)], ids=["time scale", "approval"])
def test_a_pace_does_not_change_under_what_is_under_way(house, site, what, wanted):
    now, message = UNDER_WAY[what]
    house.rehearses(HURRIED, **now)

    with pytest.raises(CouldNotRun, match=message) as refused:
        prepare(site, wanted)

    assert str(refused.value).startswith(f"{wanted}: ")
    assert "with TIME_SCALE=60 APPROVAL=no; wait for its end, or stop it: aws " in str(refused.value)
    assert house.done == []


def test_the_same_pace_is_no_change_while_an_execution_is_under_way(house, site):
    house.rehearses(HURRIED, execution=execution(status="InProgress"))

    assert prepare(site).pipeline == "http://127.0.0.1:4567"


def test_the_folder_of_the_checkout_is_that_of_the_compose_file(site):
    assert site.root == Path(site.file).parent
