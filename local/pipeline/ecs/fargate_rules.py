"""What ECS and Fargate refuse of a task definition, in their words, and what can't be rehearsed here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.pipeline.coded_error import CodedError

LOG_GROUP_PREFIX = "/lantern/"  # the log agent derives the log group from the service's name
# Understood members. Any other one with a value is refused, because it would silently have no effect.
TASK_KEYS = {
    *("family", "taskRoleArn", "executionRoleArn", "requiresCompatibilities", "runtimePlatform"),
    *("networkMode", "cpu", "memory", "containerDefinitions", "tags"),
}
CONTAINER_KEYS = {
    *("name", "image", "essential", "cpu", "memory", "memoryReservation", "user", "command", "entryPoint"),
    *("environment", "readonlyRootFilesystem", "privileged", "linuxParameters", "portMappings", "dependsOn"),
    *("healthCheck", "stopTimeout", "logConfiguration", "restartPolicy", "workingDirectory", "dockerLabels"),
}
ADDED_BY_REGISTRATION = {
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt"),
}
LINUX_KEYS = {"initProcessEnabled", "capabilities"}
LOG_OPTIONS = ("awslogs-group", "awslogs-region", "awslogs-stream-prefix")  # Fargate requires the prefix too
# Fargate's task sizes, CPU units → MiB of memory:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}


class TaskError(CodedError):
    """A task can't run here; the message names the task definition's family, the container and the member."""

    def __init__(self, message: str) -> None:
        super().__init__("ClientException", message)


@dataclass(frozen=True, slots=True)
class TaskSize:
    """CPU and memory of a whole task."""

    cpu_units: int
    memory_mib: int


def check_task_definition(definition: Mapping[str, Any]) -> TaskSize:
    """Apply the rules of ECS, Fargate and this stand-in, and return the task's size. Raises TaskError."""
    family, containers = definition.get("family", "?"), definition.get("containerDefinitions") or []
    if definition.get("networkMode") != "awsvpc":
        raise TaskError(
            f"{family}: networkMode is {definition.get('networkMode')!r}, Fargate takes awsvpc only"
        )
    if unknown := _unknown(definition, TASK_KEYS | ADDED_BY_REGISTRATION):
        raise TaskError(f"{family}: {unknown} can't be rehearsed here")
    if not containers:
        raise TaskError(f"{family}: Container list cannot be empty.")
    names = [container.get("name") for container in containers]
    for container in containers:
        for key in ("name", "image"):
            if not container.get(key):
                raise TaskError(f"{family}: Container.{key} should not be null or empty.")
        if names.count(container["name"]) > 1:
            raise TaskError(f"{family}: two containers have the name {container['name']}")
        _check_container(f"{family}, container {container['name']}", container, names)
    if not any(container.get("essential", True) for container in containers):
        raise TaskError(f"{family}: at least one container must be essential")
    for _ in in_start_order(containers):  # refuses a circle
        pass
    return _task_size(family, definition)


def in_start_order(containers: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return a task definition's containers, each after those that it depends on. Raises TaskError."""
    waiting = {container["name"]: container for container in containers}
    while waiting:
        free = [
            name
            for name, container in waiting.items()
            if not waiting.keys() & {entry["containerName"] for entry in container.get("dependsOn", [])}
        ]
        if not free:
            raise TaskError(f"dependsOn goes in a circle: {', '.join(waiting)}")
        for name in free:
            yield waiting.pop(name)


def _check_container(where: str, container: Mapping[str, Any], names: list[str]) -> None:
    linux = container.get("linuxParameters") or {}
    unknown = [
        _unknown(container, CONTAINER_KEYS),
        _unknown(linux, LINUX_KEYS),
        _unknown(linux.get("capabilities") or {}, {"drop"}),
        _unknown(container.get("logConfiguration") or {}, {"logDriver", "options"}),
    ]
    if any(unknown):
        raise TaskError(f"{where}: {', '.join(filter(None, unknown))} can't be rehearsed here")
    _check_log(where, container.get("logConfiguration"))
    if container.get("privileged"):
        raise TaskError(f"{where}: Fargate runs no privileged containers")
    if any("name" not in entry or "value" not in entry for entry in container.get("environment") or []):
        raise TaskError(f"{where}: each entry of environment needs a name and a value")
    for dependency in container.get("dependsOn", []):
        if dependency["containerName"] not in names:
            raise TaskError(
                f"{where}: dependsOn names {dependency['containerName']}, which is not in the task"
            )
        if dependency["condition"] != "START":
            raise TaskError(
                f"{where}: dependsOn {dependency['condition']} can't be rehearsed here, START can"
            )
    for port in container.get("portMappings", []):
        if port.get("hostPort", port.get("containerPort")) not in (0, port.get("containerPort")):
            raise TaskError(
                f"{where}: When networkMode=awsvpc, the host ports and container ports in port mappings must "
                "match."
            )


def _check_log(where: str, configuration: Mapping[str, Any] | None) -> None:
    if not configuration:
        return
    if configuration.get("logDriver") != "awslogs":
        raise TaskError(
            f"{where}: logDriver {configuration.get('logDriver')} can't be rehearsed here, awslogs can"
        )
    options = configuration.get("options") or {}
    if missing := ", ".join(key for key in LOG_OPTIONS if not options.get(key)):
        raise TaskError(f"{where}: Log driver awslogs requires options: {missing}")
    if not options["awslogs-group"].startswith(LOG_GROUP_PREFIX):
        raise TaskError(
            f"{where}: awslogs-group {options['awslogs-group']!r} does not begin with {LOG_GROUP_PREFIX}"
        )


def _unknown(members: Mapping[str, Any], known: set[str]) -> str:
    """The members that have a value and are not known, as a list for people."""
    return ", ".join(sorted(key for key, value in members.items() if value and key not in known))


def _task_size(family: str, definition: Mapping[str, Any]) -> TaskSize:
    for key in ("cpu", "memory"):
        if not definition.get(key):
            raise TaskError(f"{family}: Fargate requires that '{key}' be defined at the task level.")
    cpu = _quantity(str(definition["cpu"]), "vCPU")
    memory = _quantity(str(definition["memory"]), "GB")
    if memory not in MEMORY_MIB.get(cpu, ()):
        raise TaskError(
            f"{family}: No Fargate configuration exists for given values: "
            f"{definition['cpu']} CPU, {definition['memory']} memory."
        )
    return TaskSize(cpu, memory)


def _quantity(text: str, unit: str) -> int:
    """CPU units or MiB: `256` and `.25 vCPU` are the same, as are `1024` and `1 GB`; 0 for anything else."""
    match = re.fullmatch(
        rf"(\d{{1,6}})|(\d{{0,3}}\.?\d{{1,3}}) ?{unit}", text.strip(), re.ASCII | re.IGNORECASE
    )
    if not match:
        return 0
    return int(match[1]) if match[1] else round(float(match[2]) * 1024)
