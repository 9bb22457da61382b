"""Reads the AppSpec of an ECS deployment, and refuses a wrong one with its line.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.deployment_machine import HOOKS

TOP_KEYS = {"version", "Resources", "Hooks"}
PROPERTIES = {
    *("TaskDefinition", "LoadBalancerInfo", "PlatformVersion", "NetworkConfiguration"),
    "CapacityProviderStrategy",
}


class AppSpecError(CodedError):
    """CodeDeploy would refuse the AppSpec as INVALID_REVISION; the message names the file and the line."""

    def __init__(self, message: str) -> None:
        super().__init__("INVALID_REVISION", message)


@dataclass(frozen=True, slots=True)
class AppSpec:
    """The content of an AppSpec."""

    task_definition: str
    container: str
    port: int
    hooks: dict[str, str]  # lifecycle event → Lambda function
    lines: dict[str, int]  # key, at any depth → its first line


def read(text: str, name: str = "appspec.yaml") -> AppSpec:
    """Parse and check an AppSpec; `name` is the file's in messages. Raises AppSpecError."""
    try:
        # texts, lists and maps only, so no value can be wrong in itself; the tree knows which were quoted
        content = yaml.load(text, yaml.BaseLoader)  # noqa: S506  it makes nothing else
        tree = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise AppSpecError(
            f"{name}, line {line}: the AppSpec file is not valid YAML: {error.problem}"
        ) from None
    except yaml.YAMLError as error:
        raise AppSpecError(
            f"{name}: the AppSpec file is not valid YAML: {str(error).splitlines()[0]}"
        ) from None
    except RecursionError:
        raise AppSpecError(f"{name}: the AppSpec file is nested too deeply") from None
    if not isinstance(content, dict):
        raise AppSpecError(f"{name}: the AppSpec file is empty")
    return _Reader(name, tree).read(content)


class _Reader:
    """Checks the content, and finds the lines in the tree."""

    def __init__(self, name: str, tree: Any) -> None:
        self._name, self._pairs = name, list(_pairs(tree))
        self._lines: dict[str, int] = {}
        for key, _ in self._pairs:
            self._lines.setdefault(str(key.value), key.start_mark.line + 1)

    def read(self, content: dict[str, Any]) -> AppSpec:
        self._check_keys(content, TOP_KEYS)
        if content.get("version") not in ("0.0", "0"):
            raise self._error(f"version must be 0.0, found {content.get('version')!r}", "version")
        resources = content.get("Resources")
        if not isinstance(resources, list) or len(resources) != 1:
            raise self._error("Resources must hold one TargetService", "Resources")
        if not isinstance(resources[0], dict) or len(resources[0]) != 1:
            raise self._error("Resources must hold one TargetService", "Resources")
        ((resource, service),) = resources[0].items()
        if not isinstance(service, dict) or service.get("Type") != "AWS::ECS::Service":
            raise self._error(f"{resource}: Type must be AWS::ECS::Service", "Type", resource)
        properties = service.get("Properties")
        if not isinstance(properties, dict):
            raise self._error(f"{resource}: Properties must be a map", "Properties", resource)
        self._check_keys(properties, PROPERTIES)
        task_definition = properties.get("TaskDefinition")
        if not task_definition or not isinstance(task_definition, str):
            raise self._error("TaskDefinition is missing", "TaskDefinition", "Properties")
        container, port = self._load_balancer_info(properties.get("LoadBalancerInfo"))
        hooks = self._hooks(content.get("Hooks"))
        return AppSpec(task_definition, container, port, hooks, self._lines)

    def _load_balancer_info(self, info: Any) -> tuple[str, int]:
        """The container's name and port."""
        container, port = (
            (info.get("ContainerName"), info.get("ContainerPort")) if isinstance(info, dict) else ("", "")
        )
        is_number = any(
            key.value == "ContainerPort" and value.tag.endswith(":int") for key, value in self._pairs
        )
        if (
            not container
            or not isinstance(container, str)
            or not is_number
            or not re.fullmatch(r"[0-9]{1,5}", str(port))
        ):
            raise self._error(
                "LoadBalancerInfo needs ContainerName and a number as ContainerPort",
                "LoadBalancerInfo",
                "Properties",
            )
        return container, int(str(port))

    def _hooks(self, entries: Any) -> dict[str, str]:
        hooks: dict[str, str] = {}
        if not isinstance(entries or [], list):
            raise self._error("Hooks must be a list", "Hooks")
        for entry in entries or []:
            if not isinstance(entry, dict):
                raise self._error(f"{entry!r} names no event", "Hooks")
            for event, function in entry.items():
                if event not in HOOKS:
                    message = f"{event} is no hook of an ECS deployment, expected {', '.join(HOOKS)}"
                    raise self._error(message, event)
                if not function or not isinstance(function, str):
                    raise self._error(f"{event} needs the name of a Lambda function", event)
                if event in hooks:
                    raise self._error(f"{event} is there twice, an event has one function", event)
                hooks[event] = function
        return hooks

    def _check_keys(self, content: dict[str, Any], known: set[str]) -> None:
        for key in content:
            if key not in known:
                raise self._error(f"unknown property {key}, expected {', '.join(sorted(known))}", key)

    def _error(self, message: str, key: str, parent: str = "") -> AppSpecError:
        """With the line of the key, or where it is missing that of its parent."""
        line = self._lines.get(key) or self._lines.get(parent) or 1
        return AppSpecError(f"{self._name}, line {line}: {message}")


def _pairs(root: Any) -> Iterator[tuple[Any, Any]]:
    """Every key with its value, at any depth, in the order of the file. An aliased node comes once."""
    waiting, visited = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        if isinstance(node, yaml.MappingNode):
            yield from node.value
            waiting += [value for _, value in reversed(node.value)]
