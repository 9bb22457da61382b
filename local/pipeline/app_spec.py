"""Reads the AppSpec of an ECS deployment, and refuses a wrong one with its line.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

from local.pipeline.deployment import HOOKS

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
        raw, tree = yaml.safe_load(text), yaml.compose(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise AppSpecError(
            f"{name}, line {line}: the AppSpec file is not valid YAML: {error.problem}"
        ) from None
    if not isinstance(raw, dict):
        raise AppSpecError(f"{name}: the AppSpec file is empty")

    def wrong(words: str, key: str) -> AppSpecError:
        return AppSpecError(f"{name}, line {_line(tree, key)}: {words}")

    if str(raw.get("version")) not in ("0.0", "0"):
        raise wrong(f"version must be 0.0, found {raw.get('version')!r}", "version")
    resources = raw.get("Resources")
    if not isinstance(resources, list) or len(resources) != 1 or not isinstance(resources[0], dict):
        raise wrong("Resources must hold one TargetService", "Resources")
    ((resource, service),) = resources[0].items()
    if not isinstance(service, dict) or service.get("Type") != "AWS::ECS::Service":
        raise wrong(f"{resource}: Type must be AWS::ECS::Service", "Type")
    properties = service.get("Properties") or {}
    for key in properties:
        if key not in PROPERTIES:
            raise wrong(f"unknown property {key}, expected {', '.join(sorted(PROPERTIES))}", key)
    balancer = properties.get("LoadBalancerInfo") or {}
    if not isinstance(balancer.get("ContainerName"), str) or not isinstance(
        balancer.get("ContainerPort"), int
    ):
        raise wrong("LoadBalancerInfo needs ContainerName and a number as ContainerPort", "LoadBalancerInfo")
    if not properties.get("TaskDefinition"):
        raise wrong("TaskDefinition is missing", "Properties")
    return AppSpec(
        str(properties["TaskDefinition"]),
        balancer["ContainerName"],
        balancer["ContainerPort"],
        _hooks(raw.get("Hooks") or [], wrong),
    )


def _hooks(raw: Any, wrong: Any) -> dict[str, str]:
    hooks: dict[str, str] = {}
    if not isinstance(raw, list):
        raise wrong("Hooks must be a list", "Hooks")
    for entry in raw:
        for event, function in entry.items():
            if event not in HOOKS:
                raise wrong(f"{event} is no hook of an ECS deployment, expected {', '.join(HOOKS)}", event)
            hooks[event] = str(function)
    return hooks


def _line(tree: Any, key: str) -> int:
    """Where a key first stands, at any depth."""
    for node in _nodes(tree):
        if isinstance(node, yaml.MappingNode):
            for name, _ in node.value:
                if name.value == key:
                    return int(name.start_mark.line) + 1
    return 1


def _nodes(node: Any) -> Any:
    yield node
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _nodes(entry)
    if isinstance(node, yaml.MappingNode):
        for _, entry in node.value:
            yield from _nodes(entry)
