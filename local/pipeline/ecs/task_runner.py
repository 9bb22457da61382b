"""Starts, stops and lists tasks on the Docker engine."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import docker
import docker.errors

from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.task_containers import (
    LABEL,
    PAUSE,
    Task,
    local_image,
    pause_container,
    task_containers,
)
from local.pipeline.settings import Settings

REGISTRY_LOGIN = {"username": "AWS", "password": "laptop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A task as Docker shows it. `status` is PENDING, RUNNING or STOPPED."""

    task: Task
    address: str
    status: str
    healthy: bool = False
    stopped_reason: str = ""


class TaskRoles(Protocol):
    """What a task needs of IAM. Raises TaskError where a role lacks a right, or does not trust ECS."""

    def registry_login(self, definition: Mapping[str, Any]) -> dict[str, str]:
        """Return user and password with which the execution role pulls the images."""

    def require_logs(self, task: Task, definition: Mapping[str, Any]) -> None:
        """Ask for what the containers' log driver does with the execution role."""

    def access_key_id(self, task: Task, definition: Mapping[str, Any]) -> str:
        """Return the access key id of a session of the task role."""


class TaskRunner:
    """Finds its tasks by the labels of their containers, so a restart of the runner loses none."""

    def __init__(self, settings: Settings, roles: TaskRoles) -> None:
        self._settings, self._roles = settings, roles
        self._engine = docker.from_env(timeout=120)

    def all(self) -> list[RunningTask]:
        """Return every task of this project, in any state."""
        filters = {"label": f"{LABEL}={self._settings.project}"}
        by_task: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for container in self._engine.api.containers(all=True, filters=filters):
            if task_id := container["Labels"].get(f"{LABEL}.task"):
                by_task[task_id].append(container)
        return [running_task(containers) for containers in by_task.values()]

    def start(self, task: Task, definition: Mapping[str, Any]) -> None:
        """Start a task's containers. When one can't start, remove them all and raise TaskError."""
        self._roles.require_logs(task, definition)
        key = self._roles.access_key_id(task, definition)
        pause_id = self._create(pause_container(task, self._settings))
        try:
            self._engine.api.start(pause_id)
            for _, body in task_containers(definition, task, self._settings, pause_id, key):
                self._engine.api.start(self._create(body))
        except (docker.errors.DockerException, TaskError) as error:
            self.remove(task.id)
            raise TaskError(f"CannotStartContainerError: {error}") from None

    def stop(self, task_id: str) -> None:
        """Send SIGTERM to a task's containers, wait as long as their stopTimeout says, and remove them."""

        def stop_container(container: Any) -> None:
            with contextlib.suppress(docker.errors.DockerException):
                container.stop()  # the timeout is the container's own

        threads = [
            threading.Thread(target=stop_container, args=(container,))
            for container in self._containers_of(task_id)
            if not _is_pause(container)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.remove(task_id)

    def execute(self, task_id: str, command: list[str]) -> str:
        """Run a command in the task's first essential container, as ECS Exec does, and return its output.

        Raises TaskError."""
        containers = self._containers_of(task_id)
        essential = [each for each in containers if each.labels[f"{LABEL}.essential"] == "true"]
        for container in essential:
            if not _is_pause(container):
                try:
                    return str(container.exec_run(command).output.decode(errors="replace"))
                except docker.errors.DockerException as error:
                    raise TaskError(f"{task_id}: {error}") from None
        raise TaskError(f"{task_id}: the task is gone")

    def remove(self, task_id: str) -> None:
        """Remove a task's containers, running or not; the pause container, which holds the network, last."""
        for container in sorted(self._containers_of(task_id), key=_is_pause):
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True, v=True)

    def pull(self, definition: Mapping[str, Any]) -> None:
        """Pull the images of a task definition that the engine lacks. Raises TaskError as ECS names it.

        Fargate would pull them all: so the execution role must be allowed to.
        """
        login = self._roles.registry_login(definition)
        for container in definition["containerDefinitions"]:
            name = local_image(container["image"], self._settings.registry)
            try:
                self._engine.images.get(name)
            except docker.errors.ImageNotFound:
                try:
                    self._engine.images.pull(name, auth_config=login)
                except docker.errors.DockerException as error:
                    raise TaskError(f"CannotPullContainerError: {name}: {error}") from None

    def remove_images(self, definition: Mapping[str, Any], kept: list[dict[str, Any]]) -> None:
        """Remove from the engine what a task definition alone has run, and no definition of `kept` runs.

        The registry still has it: a deployment of that release would pull it again.
        """
        in_use = {image.id for each in kept for image in self._images(each)}
        for image in self._images(definition):
            names = [*image.tags, *(image.attrs.get("RepoDigests") or ())]
            for name in names if image.id not in in_use else ():
                if name.startswith(f"{self._settings.registry}/"):
                    with contextlib.suppress(docker.errors.APIError):  # something still runs it
                        self._engine.images.remove(name)

    def _images(self, definition: Mapping[str, Any]) -> list[Any]:
        """The images of a task definition that the engine has."""
        images = []
        for container in definition["containerDefinitions"]:
            with contextlib.suppress(docker.errors.ImageNotFound):
                images.append(
                    self._engine.images.get(local_image(container["image"], self._settings.registry))
                )
        return images

    def _containers_of(self, task_id: str) -> list[Any]:
        containers: list[Any] = self._engine.containers.list(
            all=True, filters={"label": f"{LABEL}.task={task_id}"}, ignore_removed=True
        )
        return containers

    def _create(self, body: dict[str, Any]) -> str:
        service, task_id, container = (
            body["Labels"][f"{LABEL}.{name}"] for name in ("service", "task", "container")
        )
        created: dict[str, str] = self._engine.api.create_container_from_config(  # type: ignore[no-untyped-call]
            body, f"{self._settings.project}-task-{service}-{task_id[:8]}-{container}"
        )
        return created["Id"]


def running_task(containers: list[dict[str, Any]]) -> RunningTask:
    """Return the task of these containers, which Docker listed."""
    labels = containers[0]["Labels"]
    task = Task(
        id=labels[f"{LABEL}.task"],
        task_set=labels[f"{LABEL}.task-set"],
        service=labels[f"{LABEL}.service"],
    )
    networks = (
        network for container in containers for network in container["NetworkSettings"]["Networks"].values()
    )
    address = next((network["IPAddress"] for network in networks if network["IPAddress"]), "")
    essential = [
        container
        for container in containers
        if container["Labels"][f"{LABEL}.essential"] == "true"
        and container["Labels"][f"{LABEL}.container"] != PAUSE
    ]
    if reason := _stopped_reason(essential):
        return RunningTask(task=task, address=address, status="STOPPED", stopped_reason=reason)
    # a container with a restart policy comes back, and the task runs on meanwhile
    is_running = bool(essential) and all(
        container["State"] in ("running", "restarting") for container in essential
    )
    return RunningTask(
        task=task,
        address=address,
        status="RUNNING" if is_running else "PENDING",
        healthy=is_running
        and all(container["State"] == "running" for container in essential)
        and not any("(health: starting)" in container["Status"] for container in essential),
    )


def _stopped_reason(essential: list[dict[str, Any]]) -> str:
    for container in essential:
        if container["State"] in ("exited", "dead"):
            name = container["Labels"][f"{LABEL}.container"]
            return f"Essential container {name} exited: {container['Status']}"
    if any("(unhealthy)" in container["Status"] for container in essential):
        return "Task failed container health checks"
    return ""


def _is_pause(container: Any) -> bool:
    return bool(container.labels[f"{LABEL}.container"] == PAUSE)
