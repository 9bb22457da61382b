"""The files of one checkout that AWS reads, parsed once."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.template import Resource, TemplateError, load


@dataclass(slots=True, kw_only=True)
class AwsFiles:
    """The parsed files; a file that can't be parsed is empty, and `unreadable` says what is wrong with it."""

    root: Path
    task_definition: dict[str, Any] = field(default_factory=dict)
    app_spec: dict[str, Any] = field(default_factory=dict)
    buildspec: dict[str, Any] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def of_type(self, resource_type: str) -> list[Resource]:
        """The resources of one CloudFormation type, e.g. AWS::ECS::Service."""
        return [resource for resource in self.resources if resource.type == resource_type]

    def containers(self) -> dict[str, dict[str, Any]]:
        """The task definition's containers by name."""
        return {
            str(container.get("name")): container
            for container in self.task_definition.get("containerDefinitions", [])
        }


def read(root: Path) -> AwsFiles:
    """Parse the files below `root`."""
    files = AwsFiles(root=root)
    files.task_definition = _parse(files, "taskdef.json", json.loads)
    files.app_spec = _parse(files, "appspec.yaml", yaml.safe_load)
    files.buildspec = _parse(files, "buildspec.yml", yaml.safe_load)
    files.compose = _parse(files, "docker-compose.yml", yaml.safe_load)
    try:
        stacks = load(root / "infra" / "cloudformation")
        files.resources = [resource for stack in stacks for resource in stack.resources()]
    except TemplateError as error:
        files.unreadable.append(str(error))
    return files


def variables(container: dict[str, Any]) -> dict[str, str]:
    """The environment variables of a task definition's container."""
    return {variable["name"]: variable["value"] for variable in container.get("environment", [])}


def _parse(files: AwsFiles, name: str, parser: Callable[[str], Any]) -> dict[str, Any]:
    try:
        content: dict[str, Any] = parser((files.root / name).read_text())
    except FileNotFoundError:
        files.unreadable.append(f"{name} is missing")
    except json.JSONDecodeError as error:
        files.unreadable.append(f"{name}, line {error.lineno}: not JSON: {error.msg}")
    except yaml.YAMLError as error:
        files.unreadable.append(f"{name}: not YAML: {' '.join(str(error).split())}")
    else:
        return content
    return {}
