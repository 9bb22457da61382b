"""The fault `sick-task`: one task of the catalog fails each of its requests, until it is replaced.

It is switched at /_lantern/faults in the same words as a service's faults at /faults. ECS itself has no such
switch; a task's own process bears the fault, and is told so in its container.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from local.pipeline.ecs.task_runner import TaskRunner
from local.pipeline.journal import Journal, Records

NAME, SERVICE = "sick-task", "catalog"
OFFER = {
    "name": NAME,
    "summary": f"one of the rehearsed {SERVICE}'s tasks fails each request",
    "percent": 100.0,
    "by_default": True,
    "sku": "",
}
# what is run in the task's container: method and body are its arguments, status and answer its output
ASK = """\
import os, sys, urllib.error, urllib.request
headers = {"Content-Type": "application/json"}
url = f"http://127.0.0.1:{os.environ['PORT']}/faults"
request = urllib.request.Request(url, sys.argv[2].encode(), headers, method=sys.argv[1])
try:
    answer = urllib.request.urlopen(request, timeout=5)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""

State = dict[str, Any]


class Refused(Exception):
    """It cannot be switched; the text says why and what to do."""


@dataclass(slots=True)
class Sickness:
    """A task that was made sick, and the fault as the task itself described it."""

    task: str
    fault: State


class SickTask:
    """Remembers in the journal which task is sick, so that a restart of the runner does not forget it."""

    def __init__(self, journal: Journal, task_runner: TaskRunner, *, is_enabled: bool) -> None:
        self._records = Records(journal, "sick task", Sickness)
        self._task_runner, self._is_enabled = task_runner, is_enabled

    def state(self) -> State:
        """What is on, and what could be, as a service says it."""
        if not self._is_enabled:
            return {"enabled": False}
        sickness = self._sickness()
        return {"faults": [sickness.fault] if sickness else [], "offers": [OFFER]}

    def replace(self, body: bytes) -> State:
        """Switch it as `{"faults": […]}` says. Raises Refused."""
        if not self._is_enabled:
            raise Refused("the rehearsal runs without FAULTS=on: make down, then make rehearse FAULTS=on")
        faults = _faults(body)
        sickness = self._sickness()
        if faults:
            task = sickness.task if sickness else self._choose()
            for fault in self._ask(task, "PUT", json.dumps({"faults": faults}))["faults"]:
                self._records.put(NAME, Sickness(task, fault))
        elif sickness:
            self._ask(sickness.task, "DELETE")
            self._records.remove(NAME)
        return self.state()

    def _sickness(self) -> Sickness | None:
        """The task that is sick; none once its fault has ended or the task was replaced."""
        sickness = self._records.get(NAME)
        is_on = sickness and time.time() < sickness.fault["ends_at"] and sickness.task in self._tasks()
        return sickness if is_on else None

    def _tasks(self) -> list[str]:
        tasks = [task for task in self._task_runner.all() if task.task.service == SERVICE]
        return sorted(task.task.id for task in tasks if task.healthy)

    def _choose(self) -> str:
        tasks = self._tasks()
        if len(tasks) < 2:
            raise Refused(f"{SERVICE} has {len(tasks)} healthy tasks, expected two; wait until it is steady")
        return tasks[0]

    def _ask(self, task: str, method: str, body: str = "") -> State:
        printed = self._task_runner.execute(task, ["python3", "-c", ASK, method, body])
        status, _, answer = printed.partition(" ")
        if status != "200":
            raise Refused(f"task {task}: {printed.strip()}")
        state: State = json.loads(answer)
        return state


def _faults(body: bytes) -> list[State]:
    try:
        faults = json.loads(body)["faults"]
    except (ValueError, LookupError, TypeError) as error:
        raise Refused(f'body: expected {{"faults": […]}}: {error}') from error
    if not isinstance(faults, list) or [fault.get("name") for fault in faults] not in ([], [NAME]):
        raise Refused(f"faults: expected none, or one with the name {NAME}")
    return faults
