import pytest

from local.pipeline.architecture import read
from local.pipeline.ecs import service_scheduler as fleet_module
from local.pipeline.ecs.service_scheduler import Fleet, TaskSet
from local.pipeline.ecs.task_containers import Task
from local.pipeline.ecs.task_runner import Running
from local.pipeline.journal import Journal
from tests.unit.local.pipeline.machine import FakeBalancer, FakeContainers
from tests.unit.local.pipeline.revision import definition
from tests.waiting import wait_until

BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
ARCHITECTURE = read()


class Rig:
    """A fleet over containers and a load balancer that are none."""

    def __init__(self, path):
        self.containers, self.balancer = FakeContainers(), FakeBalancer(ARCHITECTURE)
        self.journal = Journal(path / "journal.sqlite")
        self.fleet = Fleet(ARCHITECTURE, self.journal, self.containers, self.balancer)

    def want(self, desired, key="ecs-svc/1", targets=BLUE, status="PRIMARY"):
        self.fleet.keep(
            TaskSet(
                id=key,
                service="orders",
                target_group=targets,
                task_definition="arn",
                definition=definition(),
                desired=desired,
                created=1.0,
                status=status,
            )
        )

    def settle(self):
        """A look, and everything that it began done and seen."""
        self.fleet.look()
        wait_until(lambda: all(work.done() for _, work in self.fleet._busy.values()))

    def until(self, condition, what=""):
        def looked():
            self.settle()
            return condition()

        return wait_until(looked, 10, what)

    def steady(self, desired=2):
        self.want(desired)
        self.until(lambda: self.fleet.is_steady("ecs-svc/1"), "steady")
        return self.containers.all()

    def drain(self, key="ecs-svc/1"):
        self.want(0, key, status="DRAINING")

    def states(self, group=BLUE):
        return dict(self.balancer.slots[group])


@pytest.fixture(name="rig")
def _rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.fleet.close()
    rig.journal.close()


class HandTime:
    """The monotonic clock, moved by hand."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture(name="time")
def _time(monkeypatch):
    time = HandTime()
    monkeypatch.setattr(fleet_module, "time", time)
    return time


def orphan(task_set="ecs-svc/of-nobody", status="RUNNING", address="172.18.0.99"):
    task = Task(id="f" * 32, task_set=task_set, service="orders")
    return Running(task=task, address=address, status=status, healthy=status == "RUNNING")


def test_a_task_set_gets_its_tasks_and_its_target_group_their_addresses(rig):
    tasks = rig.steady()

    assert rig.states() == {one.address: "healthy" for one in tasks}
    assert len(rig.containers.started) == 2
    health = rig.fleet.health("ecs-svc/1")
    assert (health.running, health.healthy, health.pending, health.total) == (2, 2, 0, 2)


def test_a_task_that_docker_calls_unhealthy_does_not_count(rig):
    rig.containers.healthy = False
    rig.want(2)

    rig.until(lambda: rig.fleet.health("ecs-svc/1").running == 2)

    assert not rig.fleet.is_steady("ecs-svc/1")


def test_a_task_that_stopped_is_replaced_and_its_reason_is_kept(rig):
    first = rig.steady()[0]
    rig.containers.change(first.task.id, status="STOPPED", exit="Essential container orders exited (1)")

    rig.until(lambda: len(rig.containers.started) == 3 and rig.fleet.is_steady("ecs-svc/1"))

    assert rig.containers.removed == [first.task.id]
    assert rig.fleet.task_set("ecs-svc/1").stopped_reason == "Essential container orders exited (1)"


def test_a_task_that_a_killed_runner_left_half_made_is_taken_away_and_made_anew(rig):
    rig.want(2)
    half = orphan("ecs-svc/1", status="PENDING")
    rig.containers.tasks[half.task.id] = half

    rig.until(lambda: rig.fleet.is_steady("ecs-svc/1"))

    assert rig.containers.removed == [half.task.id]
    assert half.task.id not in {one.task.id for one in rig.containers.all()}
    assert len(rig.containers.all()) == 2


def test_tasks_of_no_task_set_are_removed(rig):
    stray = orphan()
    rig.containers.tasks[stray.task.id] = stray

    rig.until(lambda: rig.containers.removed == [stray.task.id])

    assert rig.containers.all() == []


def test_a_crash_loop_is_throttled(rig, time):
    rig.containers.broken = "CannotPullContainerError: no such image"
    rig.want(2)
    pulled = []
    pull = rig.containers.pull
    rig.containers.pull = lambda one: (pulled.append(time.now), pull(one))

    for _ in range(600):
        rig.settle()
        time.now += 0.2

    assert rig.fleet.task_set("ecs-svc/1").stopped_reason == rig.containers.broken
    later = [at for at in pulled if at > pulled[0] + 60]
    assert len(later) <= 2 * (60 / fleet_module.LONGEST_PAUSE_S + 1)
    assert later, "it tries again for as long as it takes"


def test_a_crash_loop_that_ends_is_left_within_the_longest_pause(rig, time):
    rig.containers.broken = "CannotPullContainerError: no such image"
    rig.want(2)
    for _ in range(50):
        rig.settle()
        time.now += 1

    rig.containers.broken = ""
    time.now += fleet_module.LONGEST_PAUSE_S

    rig.until(lambda: rig.fleet.is_steady("ecs-svc/1"))


def test_tasks_that_drain_leave_the_target_group_first_and_stop_when_their_requests_are_over(rig, time):
    busy, idle = rig.steady()
    rig.balancer.requests[busy.address] = 2
    rig.drain()

    rig.until(lambda: rig.containers.stopped == [idle.task.id])
    meanwhile = rig.states()
    for _ in range(3):
        rig.settle()
    stopped = list(rig.containers.stopped)
    rig.balancer.requests.clear()
    rig.until(lambda: rig.fleet.is_gone("ecs-svc/1"))

    assert meanwhile[busy.address] == "draining"
    assert stopped == [idle.task.id]
    assert rig.containers.stopped == [idle.task.id, busy.task.id]
    assert rig.states() == {}


def test_draining_takes_no_longer_than_the_target_groups_delay(rig, time):
    busy, _ = rig.steady()
    delay_s = ARCHITECTURE.groups["orders"].blue.drain_s
    rig.balancer.requests[busy.address] = 1
    rig.drain()
    rig.settle()
    time.now += delay_s - 1
    rig.settle()
    before = list(rig.containers.stopped)
    time.now += 2

    rig.until(lambda: rig.fleet.is_gone("ecs-svc/1"))

    assert busy.task.id not in before
    assert busy.task.id in rig.containers.stopped


def test_a_task_set_is_there_until_the_last_of_its_tasks_is_gone(rig):
    busy, _ = rig.steady()
    rig.balancer.requests[busy.address] = 1
    rig.drain()
    for _ in range(3):
        rig.settle()

    assert not rig.fleet.is_gone("ecs-svc/1")


def test_a_load_balancer_that_was_restarted_gets_its_targets_again(rig):
    tasks = rig.steady()
    before = rig.balancer.log.count(("forget",))

    rig.balancer.restart()
    rig.settle()
    rig.settle()

    assert rig.states() == {one.address: "healthy" for one in tasks}
    assert rig.balancer.log.count(("forget",)) == before + 1
    assert rig.fleet.is_steady("ecs-svc/1")


def test_an_address_that_passes_to_a_task_of_the_other_group_frees_its_old_place(rig):
    old = rig.steady(1)[0]
    rig.balancer.register(BLUE, [], 8082)
    rig.containers.tasks.clear()
    taken_over = orphan("ecs-svc/2", address=old.address)
    rig.containers.tasks[taken_over.task.id] = taken_over
    rig.want(0, status="DRAINING")
    rig.want(1, "ecs-svc/2", GREEN)

    rig.settle()

    assert rig.states(BLUE) == {}
    assert rig.states(GREEN) == {old.address: "healthy"}


def test_two_task_sets_of_a_service_have_each_their_own_target_group(rig):
    rig.want(1)
    rig.want(1, "ecs-svc/2", GREEN, "ACTIVE")

    rig.until(lambda: rig.fleet.is_steady("ecs-svc/1") and rig.fleet.is_steady("ecs-svc/2"))

    assert len(rig.states(BLUE)) == len(rig.states(GREEN)) == 1


def test_a_killed_runner_finds_its_tasks_again(rig):
    tasks = rig.steady()
    rig.fleet.close()

    rig.fleet = Fleet(ARCHITECTURE, rig.journal, rig.containers, rig.balancer)
    rig.settle()

    assert rig.fleet.is_steady("ecs-svc/1")
    assert rig.containers.all() == tasks
