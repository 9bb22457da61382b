"""The AWS files of one checkout, read once; what can't be read is a problem, not a crash."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.template import Resource, Stack, TemplateError, load


@dataclass(slots=True, kw_only=True)
class Tree:
    """Parsed files; `unreadable` says what is wrong with those that could not be parsed."""

    root: Path
    task_definition: dict[str, Any] = field(default_factory=dict)
    app_spec: dict[str, Any] = field(default_factory=dict)
    buildspec: dict[str, Any] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=dict)
    stacks: list[Stack] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def of_type(self, kind: str) -> list[Resource]:
        """The resources of one CloudFormation type, e.g. AWS::ECS::Service."""
        return [resource for resource in self.resources if resource.type == kind]


def read(root: Path) -> Tree:
    """Read everything below `root` that AWS reads."""
    tree = Tree(root=root)
    tree.task_definition = _json(tree, "taskdef.json")
    tree.app_spec = _yaml(tree, "appspec.yaml")
    tree.buildspec = _yaml(tree, "buildspec.yml")
    tree.compose = _yaml(tree, "docker-compose.yml")
    try:
        tree.stacks = load(root / "infra" / "cloudformation")
        tree.resources = [resource for stack in tree.stacks for resource in stack.resources()]
    except TemplateError as error:
        tree.unreadable.append(str(error))
    return tree


def _json(tree: Tree, name: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads((tree.root / name).read_text())
    except FileNotFoundError:
        tree.unreadable.append(f"{name} is missing")
    except json.JSONDecodeError as error:
        tree.unreadable.append(f"{name}, line {error.lineno}: not JSON: {error.msg}")
    else:
        return value
    return {}


def _yaml(tree: Tree, name: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = yaml.safe_load((tree.root / name).read_text())
    except FileNotFoundError:
        tree.unreadable.append(f"{name} is missing")
    except yaml.YAMLError as error:
        tree.unreadable.append(f"{name}: not YAML: {' '.join(str(error).split())}")
    else:
        return value
    return {}
