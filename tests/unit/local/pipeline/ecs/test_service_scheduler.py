import pytest

from local.pipeline.architecture import read
from local.pipeline.ecs import service_scheduler
from local.pipeline.ecs.service_scheduler import ServiceScheduler, TaskSet
from local.pipeline.ecs.task_containers import Task
from local.pipeline.ecs.task_runner import RunningTask
from local.pipeline.journal import Journal
from tests.unit.local.pipeline.deploy_artifact import definition
from tests.unit.local.pipeline.stepped_runner import FakeLoadBalancer, FakeTaskRunner
from tests.waiting import wait_until

BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
ARCHITECTURE = read()


class Rig:
    """A scheduler with a fake task runner and a fake load balancer."""

    def __init__(self, path):
        self.task_runner, self.load_balancer = FakeTaskRunner(), FakeLoadBalancer(ARCHITECTURE)
        self.journal = Journal(path / "journal.sqlite")
        self.restart_runner()

    def restart_runner(self):
        self.scheduler = ServiceScheduler(
            ARCHITECTURE.target_groups(), self.journal, self.task_runner, self.load_balancer
        )

    def scale(self, desired, key="ecs-svc/1", targets=BLUE, status="PRIMARY"):
        self.scheduler.put(
            TaskSet(
                id=key,
                service="orders",
                target_group=targets,
                task_definition="arn",
                definition=definition(),
                desired=desired,
                status=status,
            )
        )

    def settle(self):
        """Look, and wait for the work that the look began."""
        self.scheduler.look()
        wait_until(lambda: all(work.done() for _, work in self.scheduler._busy.values()))

    def until(self, condition, description=""):
        def settle_and_check():
            self.settle()
            return condition()

        return wait_until(settle_and_check, 10, description)

    def steady(self, desired=2):
        self.scale(desired)
        self.until(lambda: self.scheduler.is_steady("ecs-svc/1"), "steady")
        return self.task_runner.all()

    def drain(self, key="ecs-svc/1"):
        self.scale(0, key, status="DRAINING")

    def states(self, group=BLUE):
        return dict(self.load_balancer.slots[group])


@pytest.fixture(name="rig")
def _rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.scheduler.close()
    rig.journal.close()


class ManualTime:
    """The monotonic clock, moved by hand."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture(name="time")
def _time(monkeypatch):
    time = ManualTime()
    monkeypatch.setattr(service_scheduler, "time", time)
    return time


def orphan(task_set="ecs-svc/unknown", status="RUNNING", address="172.18.0.99"):
    task = Task(id="f" * 32, task_set=task_set, service="orders")
    return RunningTask(task=task, address=address, status=status, healthy=status == "RUNNING")


def test_a_task_set_gets_its_tasks_and_its_target_group_their_addresses(rig):
    tasks = rig.steady()

    assert rig.states() == {task.address: "healthy" for task in tasks}
    assert len(rig.task_runner.started) == 2
    counts = rig.scheduler.counts("ecs-svc/1")
    assert (counts.running, counts.healthy, counts.pending) == (2, 2, 0)


def test_a_task_that_docker_calls_unhealthy_is_not_healthy(rig):
    rig.task_runner.healthy = False
    rig.scale(2)

    rig.until(lambda: rig.scheduler.counts("ecs-svc/1").running == 2)

    assert not rig.scheduler.is_steady("ecs-svc/1")


def test_a_task_that_stopped_is_replaced_and_its_reason_is_kept(rig):
    first = rig.steady()[0]
    rig.task_runner.change(
        first.task.id, status="STOPPED", stopped_reason="Essential container orders exited (1)"
    )

    rig.until(lambda: len(rig.task_runner.started) == 3 and rig.scheduler.is_steady("ecs-svc/1"))

    assert rig.task_runner.removed == [first.task.id]
    assert rig.scheduler.task_set("ecs-svc/1").stopped_reason == "Essential container orders exited (1)"


def test_a_task_that_a_killed_runner_had_begun_to_start_is_replaced(rig):
    rig.scale(2)
    pending = orphan("ecs-svc/1", status="PENDING")
    rig.task_runner.tasks[pending.task.id] = pending

    rig.until(lambda: rig.scheduler.is_steady("ecs-svc/1"))

    assert rig.task_runner.removed == [pending.task.id]
    assert pending.task.id not in {task.task.id for task in rig.task_runner.all()}
    assert len(rig.task_runner.all()) == 2


def test_tasks_of_no_task_set_are_removed(rig):
    stray = orphan()
    rig.task_runner.tasks[stray.task.id] = stray

    rig.until(lambda: rig.task_runner.removed == [stray.task.id])

    assert rig.task_runner.all() == []


def test_a_crash_loop_is_throttled(rig, time):
    rig.task_runner.broken = "CannotPullContainerError: no such image"
    rig.scale(2)
    pulled = []
    pull = rig.task_runner.pull
    rig.task_runner.pull = lambda definition: (pulled.append(time.now), pull(definition))

    for _ in range(600):
        rig.settle()
        time.now += 0.2

    assert rig.scheduler.task_set("ecs-svc/1").stopped_reason == rig.task_runner.broken
    later = [at for at in pulled if at > pulled[0] + 60]
    assert len(later) <= 2 * (60 / service_scheduler.LONGEST_PAUSE_S + 1)
    assert later, "it tries again for as long as it takes"


def test_after_a_crash_loop_tasks_start_within_the_longest_pause(rig, time):
    rig.task_runner.broken = "CannotPullContainerError: no such image"
    rig.scale(2)
    for _ in range(50):
        rig.settle()
        time.now += 1

    rig.task_runner.broken = ""
    time.now += service_scheduler.LONGEST_PAUSE_S

    rig.until(lambda: rig.scheduler.is_steady("ecs-svc/1"))


def test_a_draining_task_is_deregistered_first_and_stops_when_its_requests_are_over(rig, time):
    busy, idle = rig.steady()
    rig.load_balancer.requests[busy.address] = 2
    rig.drain()

    rig.until(lambda: rig.task_runner.stopped == [idle.task.id])
    meanwhile = rig.states()
    for _ in range(3):
        rig.settle()
    stopped = list(rig.task_runner.stopped)
    rig.load_balancer.requests.clear()
    rig.until(lambda: rig.scheduler.is_gone("ecs-svc/1"))

    assert meanwhile[busy.address] == "draining"
    assert stopped == [idle.task.id]
    assert rig.task_runner.stopped == [idle.task.id, busy.task.id]
    assert rig.states() == {}


def test_draining_takes_no_longer_than_the_deregistration_delay(rig, time):
    busy, _ = rig.steady()
    delay_s = ARCHITECTURE.groups["orders"].blue.drain_s
    rig.load_balancer.requests[busy.address] = 1
    rig.drain()
    rig.settle()
    time.now += delay_s - 1
    rig.settle()
    before = list(rig.task_runner.stopped)
    time.now += 2

    rig.until(lambda: rig.scheduler.is_gone("ecs-svc/1"))

    assert busy.task.id not in before
    assert busy.task.id in rig.task_runner.stopped


def test_a_task_set_is_there_until_the_last_of_its_tasks_is_gone(rig):
    busy, _ = rig.steady()
    rig.load_balancer.requests[busy.address] = 1
    rig.drain()
    for _ in range(3):
        rig.settle()

    assert not rig.scheduler.is_gone("ecs-svc/1")


def test_a_load_balancer_that_was_restarted_gets_its_targets_again(rig):
    tasks = rig.steady()
    before = rig.load_balancer.log.count(("forget weights",))

    rig.load_balancer.restart()
    rig.settle()
    rig.settle()

    assert rig.states() == {task.address: "healthy" for task in tasks}
    assert rig.load_balancer.log.count(("forget weights",)) == before + 1
    assert rig.scheduler.is_steady("ecs-svc/1")


def test_an_address_that_passes_to_a_task_of_the_other_group_is_released_in_the_first(rig):
    old = rig.steady(1)[0]
    rig.load_balancer.register(BLUE, [], 8082)
    rig.task_runner.tasks.clear()
    taken_over = orphan("ecs-svc/2", address=old.address)
    rig.task_runner.tasks[taken_over.task.id] = taken_over
    rig.scale(0, status="DRAINING")
    rig.scale(1, "ecs-svc/2", GREEN)

    rig.settle()

    assert rig.states(BLUE) == {}
    assert rig.states(GREEN) == {old.address: "healthy"}


def test_two_task_sets_of_a_service_have_each_their_own_target_group(rig):
    rig.scale(1)
    rig.scale(1, "ecs-svc/2", GREEN, "ACTIVE")

    rig.until(lambda: rig.scheduler.is_steady("ecs-svc/1") and rig.scheduler.is_steady("ecs-svc/2"))

    assert len(rig.states(BLUE)) == len(rig.states(GREEN)) == 1


def test_a_killed_runner_finds_its_tasks_again(rig):
    tasks = rig.steady()
    rig.scheduler.close()

    rig.restart_runner()
    rig.settle()

    assert rig.scheduler.is_steady("ecs-svc/1")
    assert rig.task_runner.all() == tasks


def test_the_images_of_a_task_set_that_is_gone_are_removed_and_those_of_others_kept(rig):
    rig.steady()
    rig.scale(2, "ecs-svc/2", GREEN)
    rig.until(lambda: rig.scheduler.is_steady("ecs-svc/2"), "green is steady")
    assert rig.task_runner.images_removed == []

    rig.drain()
    rig.until(lambda: rig.scheduler.is_gone("ecs-svc/1"), "blue is gone")

    wait_until(lambda: rig.task_runner.images_removed == [("lantern-orders", 1)], 10)
