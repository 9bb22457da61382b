"""What ECS and Fargate refuse of a task definition, in their words, and what can't be rehearsed here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOG_GROUP_PREFIX = "/lantern/"  # the log agent makes the group's name of the service's label
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
    *("registeredAt", "registeredBy", "deregisteredAt"),
}
LINUX_KEYS = {"initProcessEnabled", "capabilities"}
LOG_OPTIONS = ("awslogs-group", "awslogs-region", "awslogs-stream-prefix")  # Fargate wants the last one too
# CPU units → MiB: the pairs that Fargate has
MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}


class TaskError(Exception):
    """A task definition that can't be run here; names container and field."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The whole task's."""

    cpu_units: int
    memory_mib: int


def check(definition: Mapping[str, Any]) -> Limits:
    """ECS's and Fargate's own rules, and what is left out here. Raises TaskError."""
    family, raws = definition.get("family", "?"), definition.get("containerDefinitions") or []
    if definition.get("networkMode") != "awsvpc":
        raise TaskError(
            f"{family}: networkMode is {definition.get('networkMode')!r}, Fargate takes awsvpc only"
        )
    if unknown := _left_out(definition, TASK_KEYS | SAID_BY_THE_REGISTRY):
        raise TaskError(f"{family}: {unknown} can't be rehearsed here")
    if not raws:
        raise TaskError(f"{family}: Container list cannot be empty.")
    names = [raw.get("name") for raw in raws]
    for raw in raws:
        for key in ("name", "image"):
            if not raw.get(key):
                raise TaskError(f"{family}: Container.{key} should not be null or empty.")
        if names.count(raw["name"]) > 1:
            raise TaskError(f"{family}: two containers have the name {raw['name']}")
        _check_container(f"{family}, container {raw['name']}", raw, names)
    if not any(raw.get("essential", True) for raw in raws):
        raise TaskError(f"{family}: at least one container must be essential")
    return _limits(family, definition)


def _check_container(where: str, raw: Mapping[str, Any], names: list[str]) -> None:
    linux = raw.get("linuxParameters") or {}
    unknown = ", ".join(
        found
        for found in (
            _left_out(raw, CONTAINER_KEYS),
            _left_out(linux, LINUX_KEYS),
            _left_out(linux.get("capabilities") or {}, {"drop"}),
            _left_out(raw.get("logConfiguration") or {}, {"logDriver", "options"}),
        )
        if found
    )
    if unknown:
        raise TaskError(f"{where}: {unknown} can't be rehearsed here")
    _check_log(where, raw.get("logConfiguration"))
    if raw.get("privileged"):
        raise TaskError(f"{where}: Fargate runs no privileged containers")
    for needed in raw.get("dependsOn", []):
        if needed["containerName"] not in names:
            raise TaskError(f"{where}: dependsOn names {needed['containerName']}, which is not in the task")
        if needed["condition"] != "START":
            raise TaskError(f"{where}: dependsOn {needed['condition']} can't be rehearsed here, START can")
    for port in raw.get("portMappings", []):
        if port.get("hostPort", port.get("containerPort")) not in (0, port.get("containerPort")):
            raise TaskError(
                f"{where}: When networkMode=awsvpc, the host ports and container ports in port mappings must "
                "match."
            )


def _check_log(where: str, raw: Mapping[str, Any] | None) -> None:
    if not raw:
        return
    if raw.get("logDriver") != "awslogs":
        raise TaskError(f"{where}: logDriver {raw.get('logDriver')} can't be rehearsed here, awslogs can")
    options = raw.get("options") or {}
    if missing := ", ".join(key for key in LOG_OPTIONS if not options.get(key)):
        raise TaskError(f"{where}: Log driver awslogs requires options: {missing}")
    if not options["awslogs-group"].startswith(LOG_GROUP_PREFIX):
        raise TaskError(
            f"{where}: awslogs-group {options['awslogs-group']!r} does not begin with {LOG_GROUP_PREFIX}"
        )


def _left_out(raw: Mapping[str, Any], known: set[str]) -> str:
    """The fields that say something and are not known."""
    return ", ".join(sorted(key for key, value in raw.items() if value and key not in known))


def _limits(family: str, definition: Mapping[str, Any]) -> Limits:
    for key in ("cpu", "memory"):
        if not definition.get(key):
            raise TaskError(f"{family}: Fargate requires that '{key}' be defined at the task level.")
    cpu = _number(str(definition["cpu"]), "vCPU")
    memory = _number(str(definition["memory"]), "GB")
    if memory not in MEMORY_MIB.get(cpu, ()):
        raise TaskError(
            f"{family}: No Fargate configuration exists for given values: "
            f"{definition['cpu']} CPU, {definition['memory']} memory."
        )
    return Limits(cpu, memory)


def _number(text: str, unit: str) -> int:
    """`256` and `.25 vCPU` are the same, as are `1024` and `1 GB`; 0 for what is neither."""
    match = re.fullmatch(
        rf"(\d{{1,6}})|(\d{{0,3}}\.?\d{{1,3}}) ?{unit}", text.strip(), re.ASCII | re.IGNORECASE
    )
    if not match:
        return 0
    return int(match[1]) if match[1] else round(float(match[2]) * 1024)
