"""A task definition as the containers that Fargate would run: pure, out come bodies of Docker's own API.

One network namespace a task, which a pause container holds as an elastic network interface would; everything
that the definition says of its containers is said to Docker. https://docs.docker.com/reference/api/engine/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LABEL = "lantern.rehearsal"
SECOND_NS = 1_000_000_000
CPU_PERIOD_US = 100_000
SHARES = 8  # for each CPU unit, so that a task comes before whatever else the machine does
LOG_GROUP_PREFIX = "/lantern/"  # the log agent makes the group's name of the service's label
SERVICE_LABEL = "com.docker.compose.service"
PAUSE = "pause"

# What is understood; anything else in a definition is refused, because it would silently be left out
TASK_KEYS = {
    *("family", "taskRoleArn", "executionRoleArn", "requiresCompatibilities", "runtimePlatform"),
    *("networkMode", "cpu", "memory", "containerDefinitions", "tags"),
}
CONTAINER_KEYS = {
    *("name", "image", "essential", "cpu", "memory", "memoryReservation", "user", "command", "entryPoint"),
    *("environment", "readonlyRootFilesystem", "privileged", "linuxParameters", "portMappings", "dependsOn"),
    *("healthCheck", "stopTimeout", "logConfiguration", "restartPolicy", "workingDirectory", "dockerLabels"),
}
SAID_BY_THE_REGISTRY = {
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt", "volumes", "placementConstraints"),
}


class TaskError(Exception):
    """A task definition that can't be run here; names container and field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where tasks run: what Fargate would give them, and what stands in for it here."""

    project: str
    network: str
    registry: str
    pause_image: str
    logs_address: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Whose task it is."""

    id: str
    task_set: str
    service: str


def pause(task: Task, place: Place) -> dict[str, Any]:
    """The container that holds the task's network namespace."""
    return {
        "Image": place.pause_image,
        "Entrypoint": ["sleep"],
        "Cmd": ["infinity"],
        "User": "10001:10001",
        "Labels": _labels(task, place, PAUSE),
        "HostConfig": {
            "NetworkMode": place.network,
            "Init": True,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 16 * 1024 * 1024,
            "PidsLimit": 16,
            "LogConfig": {"Type": "none"},
        },
    }


def containers(
    definition: Mapping[str, Any], task: Task, place: Place, network_of: str
) -> list[tuple[str, dict[str, Any]]]:
    """Name and body of each container, those first that others depend on. Raises TaskError.

    `network_of` is the pause container's id."""
    _check(definition)
    quota_us = int(definition["cpu"]) * CPU_PERIOD_US // 1024
    return [
        (raw["name"], _body(raw, task, place, network_of, quota_us))
        for raw in _in_order(definition["containerDefinitions"])
    ]


def image(name: str, registry: str) -> str:
    """An image's name as the Docker engine here finds it: ECR's registry is another address."""
    host, slash, rest = name.partition("/")
    return f"{registry}/{rest}" if slash and ".dkr.ecr." in host else name


def camel(value: Any) -> Any:
    """CloudFormation's property names as the API's."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(entry) for key, entry in value.items()}
    return [camel(entry) for entry in value] if isinstance(value, list) else value


def _check(definition: Mapping[str, Any]) -> None:
    family = definition.get("family", "?")
    if definition.get("networkMode") != "awsvpc":
        raise TaskError(
            f"{family}: networkMode is {definition.get('networkMode')!r}, Fargate takes awsvpc only"
        )
    if unknown := sorted(set(definition) - TASK_KEYS - SAID_BY_THE_REGISTRY):
        raise TaskError(f"{family}: {', '.join(unknown)} can't be rehearsed here")
    for raw in definition["containerDefinitions"]:
        known = CONTAINER_KEYS | {key for key, value in raw.items() if value in ([], {}, None)}
        if unknown := sorted(set(raw) - known):
            raise TaskError(
                f"{family}, container {raw['name']}: {', '.join(unknown)} can't be rehearsed here"
            )


def _in_order(raw: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    left = {one["name"]: one for one in raw}
    while left:
        free = [
            name
            for name, one in left.items()
            if not {needed["containerName"] for needed in one.get("dependsOn", [])} & set(left)
        ]
        if not free:
            raise TaskError(f"dependsOn goes in a circle: {', '.join(left)}")
        for name in free:
            yield left.pop(name)


def _body(raw: Mapping[str, Any], task: Task, place: Place, network_of: str, quota_us: int) -> dict[str, Any]:
    linux = raw.get("linuxParameters") or {}
    environment = {one["name"]: one["value"] for one in raw.get("environment", [])} | dict(place.environment)
    body = {
        "Image": image(raw["image"], place.registry),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": _labels(task, place, raw["name"], essential=raw.get("essential", True))
        | _log_label(raw, task),
        "StopTimeout": raw.get("stopTimeout", 30),
        "HostConfig": {
            "NetworkMode": f"container:{network_of}",
            "ReadonlyRootfs": bool(raw.get("readonlyRootFilesystem")),
            "Privileged": False,  # Fargate refuses it
            "CapDrop": (linux.get("capabilities") or {}).get("drop", []),
            "SecurityOpt": ["no-new-privileges:true"],
            "Init": bool(linux.get("initProcessEnabled")),
            "CpuPeriod": CPU_PERIOD_US,
            "CpuQuota": quota_us,  # of the whole task: an idle sidecar leaves its share to the other
            "CpuShares": max(2, int(raw.get("cpu") or 2)) * SHARES,
            "Memory": int(raw["memory"]) * 1024 * 1024 if raw.get("memory") else 0,
            "RestartPolicy": {"Name": "always" if (raw.get("restartPolicy") or {}).get("enabled") else "no"},
            "LogConfig": _log(raw, place),
        },
    }
    optional = {
        "User": "user",
        "Cmd": "command",
        "Entrypoint": "entryPoint",
        "WorkingDir": "workingDirectory",
    }
    body |= {docker: raw[key] for docker, key in optional.items() if raw.get(key)}
    if raw.get("healthCheck"):
        body["Healthcheck"] = _health(raw["healthCheck"])
    return body


def _health(raw: Mapping[str, Any]) -> dict[str, Any]:
    """In real time: each check is a program of its own. Docker asks a starting container every second."""
    return {
        "Test": raw["command"],
        "Interval": raw.get("interval", 30) * SECOND_NS,
        "Timeout": raw.get("timeout", 5) * SECOND_NS,
        "Retries": raw.get("retries", 3),
        "StartPeriod": raw.get("startPeriod", 0) * SECOND_NS,
        "StartInterval": SECOND_NS,
    }


def _log(raw: Mapping[str, Any], place: Place) -> dict[str, Any]:
    driver = (raw.get("logConfiguration") or {}).get("logDriver", "none")
    if driver == "none":
        return {"Type": "none"}
    if driver != "awslogs":
        raise TaskError(f"container {raw['name']}: logDriver {driver} can't be rehearsed here, awslogs can")
    return {
        "Type": "fluentd",
        "Config": {
            "fluentd-address": place.logs_address,
            "fluentd-async": "true",  # mode non-blocking
            "fluentd-buffer-limit": "65536",
            "labels": SERVICE_LABEL,
        },
    }


def _log_label(raw: Mapping[str, Any], task: Task) -> dict[str, str]:
    options = (raw.get("logConfiguration") or {}).get("options", {})
    group = options.get("awslogs-group", "")
    if group and not group.startswith(LOG_GROUP_PREFIX):
        raise TaskError(
            f"container {raw['name']}: awslogs-group {group!r} does not begin with {LOG_GROUP_PREFIX}"
        )
    return {SERVICE_LABEL: group.removeprefix(LOG_GROUP_PREFIX) or task.service}


def _labels(task: Task, place: Place, container: str, *, essential: bool = True) -> dict[str, str]:
    return {
        LABEL: place.project,
        f"{LABEL}.task": task.id,
        f"{LABEL}.task-set": task.task_set,
        f"{LABEL}.service": task.service,
        f"{LABEL}.container": container,
        f"{LABEL}.essential": "true" if essential else "false",
    }
