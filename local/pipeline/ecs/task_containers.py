"""A task definition as the containers that Fargate would run: pure, out come bodies of Docker's own API.

One network namespace a task, which a pause container holds as an elastic network interface would; everything
that the definition says of its containers is said to Docker. https://docs.docker.com/reference/api/engine/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.pipeline.ecs.fargate_rules import LOG_GROUP_PREFIX, Limits, TaskError, check

LABEL = "lantern.rehearsal"
MIB = 1024 * 1024
SECOND_NS = 1_000_000_000
CPU_PERIOD_US = 100_000
SHARES = 8  # for each CPU unit, so that a task comes before whatever else the machine does
SERVICE_LABEL = "com.docker.compose.service"
PAUSE = "pause"


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
            "Memory": 16 * MIB,
            "PidsLimit": 16,
            "LogConfig": {"Type": "none"},
        },
    }


def containers(
    definition: Mapping[str, Any], task: Task, place: Place, network_of: str
) -> list[tuple[str, dict[str, Any]]]:
    """Name and body of each container, those first that others depend on. Raises TaskError.

    `network_of` is the pause container's id."""
    limits = check(definition)
    return [
        (raw["name"], _body(raw, task, place, network_of, limits))
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


def _body(
    raw: Mapping[str, Any], task: Task, place: Place, network_of: str, limits: Limits
) -> dict[str, Any]:
    linux = raw.get("linuxParameters") or {}
    environment = {one["name"]: one["value"] for one in raw.get("environment", [])} | dict(place.environment)
    body = {
        "Image": image(raw["image"], place.registry),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": (raw.get("dockerLabels") or {})
        | _labels(task, place, raw["name"], essential=raw.get("essential", True))
        | _log_label(raw),
        "StopTimeout": raw.get("stopTimeout", 30),
        "HostConfig": {
            "NetworkMode": f"container:{network_of}",
            "ReadonlyRootfs": bool(raw.get("readonlyRootFilesystem")),
            "Privileged": False,
            "CapDrop": (linux.get("capabilities") or {}).get("drop", []),
            "SecurityOpt": ["no-new-privileges:true"],
            "Init": bool(linux.get("initProcessEnabled")),
            "CpuPeriod": CPU_PERIOD_US,
            # of the whole task: an idle sidecar leaves its share to the other
            "CpuQuota": limits.cpu_units * CPU_PERIOD_US // 1024,
            "CpuShares": max(2, int(raw.get("cpu") or 2)) * SHARES,
            "Memory": (raw.get("memory") or limits.memory_mib) * MIB,
            "MemoryReservation": (raw.get("memoryReservation") or 0) * MIB,
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
    if not raw.get("logConfiguration"):
        return {"Type": "none"}
    return {
        "Type": "fluentd",
        "Config": {
            "fluentd-address": place.logs_address,
            "fluentd-async": "true",  # mode non-blocking
            "fluentd-buffer-limit": "65536",
            "labels": SERVICE_LABEL,
        },
    }


def _log_label(raw: Mapping[str, Any]) -> dict[str, str]:
    if not raw.get("logConfiguration"):
        return {}
    return {SERVICE_LABEL: raw["logConfiguration"]["options"]["awslogs-group"].removeprefix(LOG_GROUP_PREFIX)}


def _labels(task: Task, place: Place, container: str, *, essential: bool = True) -> dict[str, str]:
    return {
        LABEL: place.project,
        f"{LABEL}.task": task.id,
        f"{LABEL}.task-set": task.task_set,
        f"{LABEL}.service": task.service,
        f"{LABEL}.container": container,
        f"{LABEL}.essential": "true" if essential else "false",
    }
