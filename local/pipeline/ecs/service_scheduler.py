"""ECS's service scheduler: keeps task sets at their desired count, and their tasks in their target groups."""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from local.pipeline.architecture import TargetGroup
from local.pipeline.ecs.task_containers import Task
from local.pipeline.ecs.task_runner import RunningTask, TaskRunner
from local.pipeline.journal import Journal, Records
from local.pipeline.load_balancing.load_balancer import LoadBalancer, Target

log = logging.getLogger(__name__)

WORKERS = 6
LONGEST_PAUSE_S = 15.0  # between starts of tasks that keep stopping; ECS throttles them too


@dataclass(slots=True)
class TaskSet:
    """An ECS task set: a task definition, how many tasks of it shall run, and their target group."""

    id: str
    service: str
    target_group: str
    task_definition: str  # ARN
    definition: dict[str, Any] = field(repr=False)
    desired: int
    status: str = "ACTIVE"  # WAITING (its deployment has not begun), PRIMARY, ACTIVE or DRAINING
    stopped_reason: str = ""  # of the task that stopped last
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCounts:
    """How many tasks of a task set are running, pending, and healthy in Docker and in the target group."""

    running: int = 0
    pending: int = 0
    healthy: int = 0


Targets = dict[tuple[str, str], Target]  # by target group and address


class ServiceScheduler:
    """`look` is called by one thread, several times a second; other threads may call the rest."""

    def __init__(
        self,
        target_groups: list[TargetGroup],
        journal: Journal,
        task_runner: TaskRunner,
        load_balancer: LoadBalancer,
    ) -> None:
        self._target_groups = target_groups
        self._drain_s = {target_group.name: target_group.drain_s for target_group in target_groups}
        self._records = Records(journal, "task set", TaskSet)
        self._task_runner, self._load_balancer = task_runner, load_balancer
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="tasks")
        self._busy: dict[str, tuple[str, Future[None]]] = {}  # task id → its task set, the work on it
        self._failures = Counter[str]()  # by task set
        self._not_before: dict[str, float] = {}  # task set → when its next task may start
        self._draining_since: dict[str, float] = {}  # by task id
        self._load_balancer_process = ""
        self._counts: dict[str, TaskCounts] = {}

    def task_sets(self) -> list[TaskSet]:
        """Return every task set that still exists."""
        return self._records.all()

    def task_set(self, key: str) -> TaskSet | None:
        """Return a task set by its id, or None when it no longer exists."""
        return self._records.get(key)

    def put(self, task_set: TaskSet) -> None:
        """Create or change a task set; the next look acts on it."""
        self._records.put(task_set.id, task_set)

    def counts(self, key: str) -> TaskCounts:
        """Return how many tasks a task set had at the last look."""
        return self._counts.get(key, TaskCounts())

    def is_steady(self, key: str) -> bool:
        """Tell whether the desired number of tasks runs and passes every health check."""
        task_set = self.task_set(key)
        return bool(task_set and task_set.desired and self.counts(key).healthy >= task_set.desired)

    def is_gone(self, key: str) -> bool:
        """Tell whether the task set no longer exists, because its last task has stopped."""
        return not self.task_set(key)

    def look(self) -> None:
        """Compare what runs with what shall run, and start or stop tasks. Raises LoadBalancerError."""
        self._collect_finished_work()
        tasks, task_sets = self._task_runner.all(), {task_set.id: task_set for task_set in self.task_sets()}
        if (process := self._load_balancer.process()) != self._load_balancer_process:
            self._load_balancer_process = process
            self._load_balancer.forget_weights()
        self._register_targets(tasks, task_sets)
        targets = {(target.group, target.address): target for target in self._load_balancer.targets()}
        for task_set in task_sets.values():
            members = [task for task in tasks if task.task.task_set == task_set.id]
            self._scale(task_set, members, targets)
            self._counts[task_set.id] = _counts(task_set, members, targets)
            if task_set.status == "DRAINING" and not members and not self._is_busy(task_set.id):
                self._records.remove(task_set.id)
                kept = [each.definition for each in self.task_sets()]
                self._pool.submit(self._task_runner.remove_images, task_set.definition, kept)
        for task in tasks:
            if task.task.task_set not in task_sets:
                self._end(task, self._task_runner.remove)

    def close(self) -> None:
        """Finish the starts and stops that have begun; the tasks go on running."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _scale(self, task_set: TaskSet, members: list[RunningTask], targets: Targets) -> None:
        alive = [task for task in members if task.status != "STOPPED"]
        for task in members:
            if task.task.id in self._busy:
                continue
            if task.status == "STOPPED":
                self._note_failure(task_set, task.stopped_reason)
                self._end(task, self._task_runner.remove)
            elif task.status == "PENDING":  # a runner that was killed had begun to start it
                self._end(task, self._task_runner.remove)
        if not task_set.desired:
            for task in alive:
                self._drain(task_set, task, targets)
            return
        member_ids = {task.task.id for task in members}
        starting = sum(
            owner == task_set.id and task_id not in member_ids for task_id, (owner, _) in self._busy.items()
        )
        if time.monotonic() >= self._not_before.get(task_set.id, 0):
            for _ in range(task_set.desired - len(alive) - starting):
                self._start(task_set)

    def _start(self, task_set: TaskSet) -> None:
        task = Task(id=secrets.token_hex(16), task_set=task_set.id, service=task_set.service)

        def pull_and_start() -> None:
            self._task_runner.pull(task_set.definition)
            self._task_runner.start(task, task_set.definition)

        self._busy[task.id] = (task_set.id, self._pool.submit(pull_and_start))

    def _drain(self, task_set: TaskSet, task: RunningTask, targets: Targets) -> None:
        """Stop a task when its requests are over, at the latest after the deregistration delay.

        A connection takes real time to end, so this delay is not shortened.
        """
        since = self._draining_since.setdefault(task.task.id, time.monotonic())
        target = targets.get((task_set.target_group, task.address))
        is_idle = (
            target is None or target.state == "free" or (target.state == "draining" and not target.requests)
        )
        if is_idle or time.monotonic() - since > self._drain_s[task_set.target_group]:
            if target and target.state != "free":
                self._load_balancer.release(target)
            self._end(task, self._task_runner.stop)

    def _end(self, task: RunningTask, end: Callable[[str], None]) -> None:
        if task.task.id not in self._busy:
            self._busy[task.task.id] = (task.task.task_set, self._pool.submit(end, task.task.id))

    def _register_targets(self, tasks: list[RunningTask], task_sets: dict[str, TaskSet]) -> None:
        for target_group in self._target_groups:
            members = {
                key
                for key, task_set in task_sets.items()
                if task_set.target_group == target_group.name and task_set.desired
            }
            addresses = [
                task.address
                for task in tasks
                if task.task.task_set in members and task.status == "RUNNING" and task.address
            ]
            self._load_balancer.register(target_group.name, addresses, target_group.port)
        owned = {  # a task of the other target group may have the address of one that is gone
            (task_sets[task.task.task_set].target_group, task.address)
            for task in tasks
            if task.task.task_set in task_sets
        }
        for target in self._load_balancer.targets():
            if target.state == "draining" and (target.group, target.address) not in owned:
                self._load_balancer.release(target)

    def _note_failure(self, task_set: TaskSet, reason: str) -> None:
        task_set.stopped_reason = reason
        log.warning("%s %s: a task stopped: %s", task_set.service, task_set.id, reason)
        self.put(task_set)
        self._failures[task_set.id] += 1
        failures = self._failures[task_set.id]
        if failures > task_set.desired:  # the first replacements start at once
            self._not_before[task_set.id] = time.monotonic() + min(2.0 ** (failures // 2), LONGEST_PAUSE_S)

    def _is_busy(self, key: str) -> bool:
        return any(owner == key for owner, _ in self._busy.values())

    def _collect_finished_work(self) -> None:
        for task_id, (owner, work) in list(self._busy.items()):
            if not work.done():
                continue
            del self._busy[task_id]
            self._draining_since.pop(task_id, None)
            if error := work.exception():
                log.warning("task %s: %s", task_id, error)
                if task_set := self.task_set(owner):
                    self._note_failure(task_set, str(error))


def _counts(task_set: TaskSet, members: list[RunningTask], targets: Targets) -> TaskCounts:
    running = [task for task in members if task.status == "RUNNING"]
    healthy = [
        task
        for task in running
        if task.healthy
        and (target := targets.get((task_set.target_group, task.address)))
        and target.state == "healthy"
    ]
    return TaskCounts(
        running=len(running),
        pending=sum(task.status == "PENDING" for task in members),
        healthy=len(healthy),
    )
