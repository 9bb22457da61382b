"""ECS's part: keeps task sets at their size and target groups filled with them, one look at a time."""

import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from local.pipeline.architecture import Architecture
from local.pipeline.ecs.task_containers import Task
from local.pipeline.ecs.task_runner import Containers, Running
from local.pipeline.journal import Journal
from local.pipeline.load_balancing.load_balancer import LoadBalancer, Target

log = logging.getLogger(__name__)

WORKERS = 6
LONGEST_PAUSE_S = 15.0  # between starts of tasks that keep ending; ECS throttles them too
TASK_SET = "task set"


@dataclass(slots=True)
class TaskSet:
    """A task set as it is kept: its target group, its task definition and how many tasks it shall have."""

    id: str
    service: str
    target_group: str
    task_definition: str  # ARN
    definition: dict[str, Any] = field(repr=False)
    desired: int
    created: float
    external_id: str = ""  # the deployment that made it
    status: str = "ACTIVE"  # WAITING (not begun), PRIMARY, ACTIVE or DRAINING
    stopped_reason: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a task set is, at one look."""

    running: int
    pending: int
    healthy: int
    total: int


class Fleet:
    """`look` is called by one thread, several times a second."""

    def __init__(
        self, architecture: Architecture, journal: Journal, containers: Containers, balancer: LoadBalancer
    ) -> None:
        self._architecture, self._journal = architecture, journal
        self._containers, self._balancer = containers, balancer
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="tasks")
        self._busy: dict[str, tuple[str, Future[None]]] = {}  # task → its task set, the work on it
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._draining: dict[str, float] = {}  # task → since
        self._incarnation = ""
        self._health: dict[str, Health] = {}

    def task_sets(self) -> list[TaskSet]:
        """Every task set that is not over."""
        return [TaskSet(**document) for document in self._journal.all(TASK_SET)]

    def task_set(self, key: str) -> TaskSet | None:
        """One by its id."""
        document = self._journal.get(TASK_SET, key)
        return TaskSet(**document) if document else None

    def keep(self, task_set: TaskSet) -> None:
        """Write it down; the next look acts on it."""
        self._journal.put(
            TASK_SET, task_set.id, {name: getattr(task_set, name) for name in TaskSet.__slots__}
        )

    def health(self, key: str) -> Health:
        """As of the last look."""
        return self._health.get(key, Health(running=0, pending=0, healthy=0, total=0))

    def is_steady(self, key: str) -> bool:
        """Whether the wanted number of tasks runs and every health check passes."""
        task_set = self.task_set(key)
        return bool(task_set and task_set.desired and self.health(key).healthy >= task_set.desired)

    def is_gone(self, key: str) -> bool:
        """Whether nothing of it runs any more."""
        return not self.task_set(key)

    def look(self) -> None:
        """See what runs, and begin what it takes to make it as it shall be. Raises BalancerError."""
        self._forget_finished()
        running, task_sets = self._containers.all(), {one.id: one for one in self.task_sets()}
        if (incarnation := self._balancer.started()) != self._incarnation:
            self._incarnation = incarnation
            self._balancer.forget()
        self._fill_target_groups(running, task_sets)
        targets = {(one.group, one.address): one for one in self._balancer.targets()}
        for task_set in task_sets.values():
            mine = [one for one in running if one.task.task_set == task_set.id]
            self._size(task_set, mine, targets)
            self._health[task_set.id] = _health(task_set, mine, targets)
            is_over = task_set.status == "DRAINING" and not mine
            if is_over and not self._works_on(task_set.id):
                self._journal.remove(TASK_SET, task_set.id)
        for one in running:
            if one.task.task_set not in task_sets:
                self._end(one, lambda task_id: self._containers.remove(task_id))

    def close(self) -> None:
        """Finish what was begun; tasks go on running."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _size(self, task_set: TaskSet, mine: list[Running], targets: dict[tuple[str, str], Target]) -> None:
        alive = [one for one in mine if one.status != "STOPPED"]
        for one in mine:
            if one.task.id in self._busy:
                continue
            if one.status == "STOPPED":
                self._note_failure(task_set, one.exit)
                self._end(one, self._containers.remove)
            elif one.status == "PENDING":  # half made by a runner that was killed
                self._end(one, self._containers.remove)
        if not task_set.desired:
            for one in alive:
                self._drain(task_set, one, targets)
            return
        starting = sum(
            1
            for task_id, (owner, _) in self._busy.items()
            if owner == task_set.id and task_id not in {one.task.id for one in mine}
        )
        missing = task_set.desired - len(alive) - starting
        if missing > 0 and time.monotonic() >= self._not_before.get(task_set.id, 0):
            for _ in range(missing):
                self._start(task_set)

    def _start(self, task_set: TaskSet) -> None:
        task = Task(id=secrets.token_hex(16), task_set=task_set.id, service=task_set.service)

        def work() -> None:
            self._containers.pull(task_set.definition)
            self._containers.start(task, task_set.definition)

        self._busy[task.id] = (task_set.id, self._pool.submit(work))

    def _drain(self, task_set: TaskSet, one: Running, targets: dict[tuple[str, str], Target]) -> None:
        """Out of the target group already; wait for its last requests, but no longer than the group says.

        A connection takes real time to end, so this delay is not hurried."""
        since = self._draining.setdefault(one.task.id, time.monotonic())
        group = self._architecture.groups[task_set.service].target_group(task_set.target_group)
        target = targets.get((task_set.target_group, one.address))
        is_idle = (
            target is None or target.state == "free" or (target.state == "draining" and not target.requests)
        )
        if is_idle or time.monotonic() - since > group.drain_s:
            if target and target.state != "free":
                self._balancer.release(target)
            self._end(one, self._containers.stop)

    def _end(self, one: Running, how: Callable[[str], None]) -> None:
        if one.task.id not in self._busy:
            self._busy[one.task.id] = (one.task.task_set, self._pool.submit(how, one.task.id))

    def _fill_target_groups(self, running: list[Running], task_sets: dict[str, TaskSet]) -> None:
        for group in self._architecture.groups.values():
            for target_group in (group.blue, group.green):
                mine = {
                    key
                    for key, one in task_sets.items()
                    if one.target_group == target_group.name and one.desired
                }
                addresses = [
                    one.address
                    for one in running
                    if one.task.task_set in mine and one.status == "RUNNING" and one.address
                ]
                self._balancer.register(target_group.name, addresses, target_group.port)
        owned = {  # another task may have got the address of one that is gone, in the other group
            (task_sets[one.task.task_set].target_group, one.address)
            for one in running
            if one.task.task_set in task_sets
        }
        for target in self._balancer.targets():
            if target.state == "draining" and (target.group, target.address) not in owned:
                self._balancer.release(target)

    def _note_failure(self, task_set: TaskSet, reason: str) -> None:
        task_set.stopped_reason = reason
        log.warning("%s %s: a task stopped: %s", task_set.service, task_set.id, reason)
        self.keep(task_set)
        count = self._failures[task_set.id] = self._failures.get(task_set.id, 0) + 1
        if count > task_set.desired:  # the first replacements come at once
            self._not_before[task_set.id] = time.monotonic() + min(2.0 ** (count // 2), LONGEST_PAUSE_S)

    def _works_on(self, key: str) -> bool:
        return any(owner == key for owner, _ in self._busy.values())

    def _forget_finished(self) -> None:
        for task_id, (owner, work) in list(self._busy.items()):
            if not work.done():
                continue
            del self._busy[task_id]
            self._draining.pop(task_id, None)
            error = work.exception()
            if error:
                log.warning("task %s: %s", task_id, error)
                if task_set := self.task_set(owner):
                    self._note_failure(task_set, str(error))


def _health(task_set: TaskSet, mine: list[Running], targets: dict[tuple[str, str], Target]) -> Health:
    alive = [one for one in mine if one.status != "STOPPED"]
    running = [one for one in alive if one.status == "RUNNING"]
    healthy = [
        one
        for one in running
        if one.healthy
        and (target := targets.get((task_set.target_group, one.address)))
        and target.state == "healthy"
    ]
    return Health(
        running=len(running), pending=len(alive) - len(running), healthy=len(healthy), total=len(alive)
    )
