"""Translates a task definition into the containers that Fargate would run, as bodies of Docker's own API.

Pure. All containers of a task share one network namespace. A pause container holds it, as an elastic network
interface would. https://docs.docker.com/reference/api/engine/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.pipeline.ecs.fargate_rules import (
    LOG_GROUP_PREFIX,
    TaskSize,
    check_task_definition,
    in_start_order,
)
from local.pipeline.settings import Settings

LABEL = "lantern.rehearsal"
MIB = 1024 * 1024
SECOND_NS = 1_000_000_000
CPU_PERIOD_US = 100_000
SHARES = 8  # for each CPU unit, so that tasks come before everything else that the machine does
SERVICE_LABEL = "com.docker.compose.service"  # the log agent reads the service's name from it
PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task's id, and the task set and the ECS service that it belongs to."""

    id: str
    task_set: str
    service: str


def pause_container(task: Task, settings: Settings) -> dict[str, Any]:
    """Return the container that holds the task's network namespace."""
    return {
        "Image": settings.build_image,
        "Entrypoint": ["sleep"],
        "Cmd": ["infinity"],
        "User": "10001:10001",
        "Labels": _labels(task, settings, PAUSE),
        "HostConfig": {
            "NetworkMode": settings.network,
            "Init": True,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 16 * MIB,
            "PidsLimit": 16,
            "LogConfig": {"Type": "none"},
        },
    }


def task_containers(
    definition: Mapping[str, Any], task: Task, settings: Settings, pause_id: str, access_key_id: str
) -> list[tuple[str, dict[str, Any]]]:
    """Return name and body of each container, a container after those that it depends on. Raises TaskError.

    `pause_id` is the id of the running pause container, `access_key_id` that of the task role's session.
    """
    size = check_task_definition(definition)
    return [
        (container["name"], _body(container, task, settings, pause_id, size, access_key_id))
        for container in in_start_order(definition["containerDefinitions"])
    ]


def local_image(name: str, registry: str) -> str:
    """Return an image's name for this Docker engine, which reaches ECR at another address."""
    host, slash, repository = name.partition("/")
    return f"{registry}/{repository}" if slash and ".dkr.ecr." in host else name


def camel_case(value: Any) -> Any:
    """Translate CloudFormation's property names into the API's: `Image` into `image`, at any depth."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel_case(entry) for key, entry in value.items()}
    return [camel_case(entry) for entry in value] if isinstance(value, list) else value


def _body(
    container: Mapping[str, Any],
    task: Task,
    settings: Settings,
    pause_id: str,
    size: TaskSize,
    access_key_id: str,
) -> dict[str, Any]:
    linux = container.get("linuxParameters") or {}
    environment = {  # on AWS, Fargate gives region and credentials, and the endpoints are AWS's own
        **{variable["name"]: variable["value"] for variable in container.get("environment", [])},
        **settings.aws_environment(access_key_id),
        "AWS_ENDPOINT_URL_XRAY": settings.xray_url,
        "TRACE_URL": settings.trace_url,
        "ECS_CONTAINER_METADATA_URI_V4": f"{settings.hook_url}/v4/{task.id}",
        **({"FAULTS": "on"} if settings.faults else {}),
    }
    body = {
        "Image": local_image(container["image"], settings.registry),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": (container.get("dockerLabels") or {})
        | _labels(task, settings, container["name"], essential=container.get("essential", True))
        | _log_label(container),
        "StopTimeout": container.get("stopTimeout", 30),
        "HostConfig": {
            "NetworkMode": f"container:{pause_id}",
            "ReadonlyRootfs": bool(container.get("readonlyRootFilesystem")),
            "Privileged": False,
            "CapDrop": (linux.get("capabilities") or {}).get("drop", []),
            "SecurityOpt": ["no-new-privileges:true"],
            "Init": bool(linux.get("initProcessEnabled")),
            "CpuPeriod": CPU_PERIOD_US,
            # the whole task's: what an idle sidecar leaves, the other containers may use
            "CpuQuota": size.cpu_units * CPU_PERIOD_US // 1024,
            "CpuShares": max(2, int(container.get("cpu") or 2)) * SHARES,
            "Memory": (container.get("memory") or size.memory_mib) * MIB,
            "MemoryReservation": (container.get("memoryReservation") or 0) * MIB,
            "RestartPolicy": {
                "Name": "always" if (container.get("restartPolicy") or {}).get("enabled") else "no"
            },
            "LogConfig": _log_config(container, settings),
        },
    }
    optional = {
        "User": "user",
        "Cmd": "command",
        "Entrypoint": "entryPoint",
        "WorkingDir": "workingDirectory",
    }
    body |= {docker: container[key] for docker, key in optional.items() if container.get(key)}
    if container.get("healthCheck"):
        body["Healthcheck"] = _health_check(container["healthCheck"])
    return body


def _health_check(check: Mapping[str, Any]) -> dict[str, Any]:
    """In real time, as each check is a program of its own. While a container starts, it runs every second."""
    return {
        "Test": check["command"],
        "Interval": check.get("interval", 30) * SECOND_NS,
        "Timeout": check.get("timeout", 5) * SECOND_NS,
        "Retries": check.get("retries", 3),
        "StartPeriod": check.get("startPeriod", 0) * SECOND_NS,
        "StartInterval": SECOND_NS,
    }


def _log_config(container: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    if not container.get("logConfiguration"):
        return {"Type": "none"}
    return {
        "Type": "fluentd",
        "Config": {
            "fluentd-address": settings.logs_address,
            "fluentd-async": "true",  # mode non-blocking
            "fluentd-buffer-limit": "65536",
            "labels": SERVICE_LABEL,
        },
    }


def _log_label(container: Mapping[str, Any]) -> dict[str, str]:
    if not container.get("logConfiguration"):
        return {}
    log_group = container["logConfiguration"]["options"]["awslogs-group"]
    return {SERVICE_LABEL: log_group.removeprefix(LOG_GROUP_PREFIX)}


def _labels(task: Task, settings: Settings, container: str, *, essential: bool = True) -> dict[str, str]:
    return {
        LABEL: settings.project,
        f"{LABEL}.task": task.id,
        f"{LABEL}.task-set": task.task_set,
        f"{LABEL}.service": task.service,
        f"{LABEL}.container": container,
        f"{LABEL}.essential": "true" if essential else "false",
    }
