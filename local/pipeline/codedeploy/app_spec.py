"""Reads the AppSpec of an ECS deployment, and refuses a wrong one with its line.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from local.pipeline.codedeploy.deployment_machine import HOOKS

TOP_KEYS = {"version", "Resources", "Hooks"}
PROPERTIES = {
    *("TaskDefinition", "LoadBalancerInfo", "PlatformVersion", "NetworkConfiguration"),
    "CapacityProviderStrategy",
}


class AppSpecError(Exception):
    """The deployment is refused with CodeDeploy's code INVALID_REVISION."""

    code = "INVALID_REVISION"


@dataclass(frozen=True, slots=True)
class AppSpec:
    """What is deployed, where its traffic arrives, and which function each hook calls."""

    task_definition: str
    container: str
    port: int
    hooks: dict[str, str] = field(default_factory=dict)


def read(text: str, name: str = "appspec.yaml") -> AppSpec:
    """Parse and check. Raises AppSpecError."""
    try:
        # strings, lists and maps only: no value can be wrong in itself; the tree knows what was quoted
        raw = yaml.load(text, yaml.BaseLoader)  # noqa: S506  it makes nothing else
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
    if not isinstance(raw, dict):
        raise AppSpecError(f"{name}: the AppSpec file is empty")
    return _Reader(name, tree).read(raw)


def line_of(text: str, key: str) -> int:
    """The line on which a key first stands, in a text that was read before."""
    return _line(yaml.compose(text, yaml.SafeLoader), key)


class _Reader:
    """Knows the lines of what it reads."""

    def __init__(self, name: str, tree: Any) -> None:
        self._name, self._tree = name, tree

    def read(self, raw: dict[str, Any]) -> AppSpec:
        self._only(raw, TOP_KEYS)
        if raw.get("version") not in ("0.0", "0"):
            raise self._wrong(f"version must be 0.0, found {raw.get('version')!r}", "version")
        resources = raw.get("Resources")
        if not isinstance(resources, list) or len(resources) != 1:
            raise self._wrong("Resources must hold one TargetService", "Resources")
        if not isinstance(resources[0], dict) or len(resources[0]) != 1:
            raise self._wrong("Resources must hold one TargetService", "Resources")
        ((resource, service),) = resources[0].items()
        if not isinstance(service, dict) or service.get("Type") != "AWS::ECS::Service":
            raise self._wrong(f"{resource}: Type must be AWS::ECS::Service", "Type", resource)
        properties = service.get("Properties")
        if not isinstance(properties, dict):
            raise self._wrong(f"{resource}: Properties must be a map", "Properties", resource)
        self._only(properties, PROPERTIES)
        task_definition = properties.get("TaskDefinition")
        if not task_definition or not isinstance(task_definition, str):
            raise self._wrong("TaskDefinition is missing", "TaskDefinition", "Properties")
        container, port = self._balancer(properties.get("LoadBalancerInfo"))
        return AppSpec(task_definition, container, port, self._hooks(raw.get("Hooks")))

    def _balancer(self, raw: Any) -> tuple[str, int]:
        container, port = (
            (raw.get("ContainerName"), raw.get("ContainerPort")) if isinstance(raw, dict) else ("", "")
        )
        is_number = any(
            key.value == "ContainerPort" and value.tag.endswith(":int") for key, value in _pairs(self._tree)
        )
        if (
            not container
            or not isinstance(container, str)
            or not is_number
            or not re.fullmatch(r"[0-9]{1,5}", str(port))
        ):
            raise self._wrong(
                "LoadBalancerInfo needs ContainerName and a number as ContainerPort",
                "LoadBalancerInfo",
                "Properties",
            )
        return container, int(str(port))

    def _hooks(self, raw: Any) -> dict[str, str]:
        hooks: dict[str, str] = {}
        if not isinstance(raw or [], list):
            raise self._wrong("Hooks must be a list", "Hooks")
        for entry in raw or []:
            if not isinstance(entry, dict):
                raise self._wrong(f"{entry!r} names no event", "Hooks")
            for event, function in entry.items():
                if event not in HOOKS:
                    words = f"{event} is no hook of an ECS deployment, expected {', '.join(HOOKS)}"
                    raise self._wrong(words, event)
                if not function or not isinstance(function, str):
                    raise self._wrong(f"{event} needs the name of a Lambda function", event)
                if event in hooks:
                    raise self._wrong(f"{event} is there twice, an event has one function", event)
                hooks[event] = function
        return hooks

    def _only(self, raw: dict[str, Any], known: set[str]) -> None:
        for key in raw:
            if key not in known:
                raise self._wrong(f"unknown property {key}, expected {', '.join(sorted(known))}", key)

    def _wrong(self, words: str, key: str, around: str = "") -> AppSpecError:
        line = _line(self._tree, key) or _line(self._tree, around) or 1
        return AppSpecError(f"{self._name}, line {line}: {words}")


def _line(tree: Any, key: str) -> int:
    """Where a key first stands, at any depth; 0 where it does not."""
    return next((name.start_mark.line + 1 for name, _ in _pairs(tree) if name.value == key), 0)


def _pairs(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every key with its value, at any depth, in the order of the file; a part that is used twice once."""
    waiting, known = [node], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        if isinstance(node, yaml.MappingNode):
            yield from node.value
            waiting += [value for _, value in reversed(node.value)]
