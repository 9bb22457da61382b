"""Runs tasks on the Docker engine, and tells how they are."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors

from local.pipeline.ecs import task_containers as tasks
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.task_containers import LABEL, PAUSE, Place, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A task as Docker sees it. `status` is PENDING, RUNNING or STOPPED; `exit` tells why it stopped."""

    task: Task
    address: str
    status: str
    healthy: bool
    exit: str = ""


class Containers:
    """Tasks by their labels: nothing has to be remembered over a restart."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._engine = docker.from_env(timeout=120)

    def all(self) -> list[Running]:
        """Every task of this project, in any state."""
        filters = {"label": f"{LABEL}={self._place.project}"}
        by_task: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in self._engine.api.containers(all=True, filters=filters):
            if task := one["Labels"].get(f"{LABEL}.task"):
                by_task[task].append(one)
        return [self._running(found) for found in by_task.values()]

    def start(self, task: Task, definition: Mapping[str, Any]) -> None:
        """Start one task, or leave nothing of it and raise TaskError."""
        pause = self._create(tasks.pause(task, self._place))
        try:
            self._engine.api.start(pause)
            for _, body in tasks.containers(definition, task, self._place, pause):
                self._engine.api.start(self._create(body))
        except (docker.errors.DockerException, TaskError) as error:
            self.remove(task.id)
            raise TaskError(f"CannotStartContainerError: {error}") from None

    def stop(self, task_id: str) -> None:
        """SIGTERM for all, wait as long as each container's stopTimeout says, and remove."""
        found = [one for one in self._of(task_id) if one.labels[f"{LABEL}.container"] != PAUSE]

        def end(one: Any) -> None:
            with contextlib.suppress(docker.errors.DockerException):
                one.stop()  # the timeout is the container's own

        threads = [threading.Thread(target=end, args=(one,)) for one in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.remove(task_id)

    def remove(self, task_id: str) -> None:
        """Take a task's containers away, running or not; the namespace goes last."""
        for one in sorted(self._of(task_id), key=lambda one: one.labels[f"{LABEL}.container"] == PAUSE):
            with contextlib.suppress(docker.errors.NotFound):
                one.remove(force=True, v=True)

    def pull(self, definition: Mapping[str, Any]) -> None:
        """Have every image of a definition here. Raises TaskError with ECS's own name for it."""
        for raw in definition["containerDefinitions"]:
            name = tasks.image(raw["image"], self._place.registry)
            try:
                self._engine.images.get(name)
            except docker.errors.ImageNotFound:
                try:
                    self._engine.images.pull(name, auth_config={"username": "AWS", "password": "laptop"})
                except docker.errors.DockerException as error:
                    raise TaskError(f"CannotPullContainerError: {name}: {error}") from None

    def _of(self, task_id: str) -> list[Any]:
        found: list[Any] = self._engine.containers.list(
            all=True, filters={"label": f"{LABEL}.task={task_id}"}, ignore_removed=True
        )
        return found

    def _create(self, body: dict[str, Any]) -> str:
        labels = body["Labels"]
        name = "-".join(
            [
                self._place.project,
                "task",
                labels[f"{LABEL}.service"],
                labels[f"{LABEL}.task"][:8],
                labels[f"{LABEL}.container"],
            ]
        )
        created: str = self._engine.api.create_container_from_config(  # type: ignore[no-untyped-call]
            body, name
        )["Id"]
        return created

    def _running(self, found: list[dict[str, Any]]) -> Running:
        labels = found[0]["Labels"]
        task = Task(
            id=labels[f"{LABEL}.task"],
            task_set=labels[f"{LABEL}.task-set"],
            service=labels[f"{LABEL}.service"],
        )
        essential = [
            one
            for one in found
            if one["Labels"][f"{LABEL}.essential"] == "true" and one["Labels"][f"{LABEL}.container"] != PAUSE
        ]
        address = next(
            (
                network["IPAddress"]
                for one in found
                for network in one["NetworkSettings"]["Networks"].values()
                if network["IPAddress"]
            ),
            "",
        )
        ended = [one for one in essential if one["State"] in ("exited", "dead")]
        if ended:
            what = (
                f"Essential container {ended[0]['Labels'][f'{LABEL}.container']} exited: {ended[0]['Status']}"
            )
            return Running(task=task, address=address, status="STOPPED", healthy=False, exit=what)
        # one with a restart policy of its own comes back, and the task runs on meanwhile
        is_running = bool(essential) and all(one["State"] in ("running", "restarting") for one in essential)
        statuses = [one["Status"] for one in essential]
        if any("(unhealthy)" in status for status in statuses):
            return Running(
                task=task,
                address=address,
                status="STOPPED",
                healthy=False,
                exit="Task failed container health checks",
            )
        return Running(
            task=task,
            address=address,
            status="RUNNING" if is_running else "PENDING",
            healthy=is_running
            and all(one["State"] == "running" for one in essential)
            and not any("(health: starting)" in status for status in statuses),
        )
