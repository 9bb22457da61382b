"""Resolves the committed CloudFormation templates: parameters, conditions, references and imports.

A value that only AWS can know becomes a readable name: the ARN of the load balancer that the platform stack
makes is `<lantern-platform.PublicLoadBalancer>`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION, STACKS, stack_name

PSEUDO = {
    "AWS::AccountId": EXAMPLE_ACCOUNT,
    "AWS::Region": EXAMPLE_REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NAMED_BY = (  # a `Ref` to a resource with one of these properties is its value
    "AlarmName",
    "BucketName",
    "ClusterName",
    "FunctionName",
    "LogGroupName",
    "RepositoryName",
    "RoleName",
    "ServiceName",
    "TableName",
    "TopicName",
    "ApplicationName",
    "Name",
)
FOLDER = Path(__file__).parent / "cloudformation"

_ABSENT = object()


class TemplateError(Exception):
    """A template refers to something that does not exist; the message names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource with its properties resolved."""

    stack: str
    name: str
    type: str
    properties: dict[str, Any]
    depends_on: tuple[str, ...] = ()  # names of resources, as in DependsOn
    deletion_policy: str = ""

    def __str__(self) -> str:
        return f"{self.stack}.json {self.name}"


class Stack:
    """One template with values for its parameters. `imports` has the exports of earlier stacks."""

    def __init__(
        self,
        name: str,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        imports: Mapping[str, Any],
        pseudo: Mapping[str, str] = PSEUDO,
    ) -> None:
        self.name, self._template, self._imports, self._pseudo = name, template, imports, pseudo
        declared = template.get("Parameters", {})
        self._parameters = {
            key: parameters.get(key, declared[key].get("Default", f"<{name}.{key}>")) for key in declared
        }

    def resources(self) -> Iterator[Resource]:
        """The resources whose condition holds or that have none. Raises TemplateError."""
        for name, resource in self._template["Resources"].items():
            if "Condition" not in resource or self._holds(resource["Condition"]):
                properties = self.resolve(resource.get("Properties", {}), owner=name)
                depends_on = resource.get("DependsOn", [])
                yield Resource(
                    stack=self.name,
                    name=name,
                    type=resource["Type"],
                    properties=properties,
                    deletion_policy=resource.get("DeletionPolicy", ""),
                    depends_on=(depends_on,) if isinstance(depends_on, str) else tuple(depends_on),
                )

    def exports(self) -> dict[str, Any]:
        """The values of the stack's exports by name. Raises TemplateError."""
        return {
            self.resolve(output["Export"]["Name"], owner=name): self.resolve(output["Value"], owner=name)
            for name, output in self._template.get("Outputs", {}).items()
            if "Export" in output
        }

    def resolve(self, value: Any, *, owner: str) -> Any:
        """`value` without intrinsics; None for `AWS::NoValue`. Raises TemplateError with `owner`."""
        resolved = self._resolve(value, owner)
        return None if resolved is _ABSENT else resolved

    def _resolve(self, value: Any, owner: str) -> Any:
        if isinstance(value, list):
            entries = [self._resolve(entry, owner) for entry in value]
            return [entry for entry in entries if entry is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._intrinsic(key, inner, owner)
        resolved = {key: self._resolve(entry, owner) for key, entry in value.items()}
        return {key: entry for key, entry in resolved.items() if entry is not _ABSENT}

    def _intrinsic(self, function: str, inner: Any, owner: str) -> Any:
        match function:
            case "Ref":
                return self._ref(inner, owner)
            case "Fn::GetAtt":
                return f"<{self._known(inner[0], owner)}.{inner[1]}>"
            case "Fn::Sub":
                return self._sub(inner, owner)
            case "Fn::Join":
                return inner[0].join(str(part) for part in self._resolve(inner[1], owner))
            case "Fn::Split":
                return str(self._resolve(inner[1], owner)).split(inner[0])
            case "Fn::Select":
                choices = self._resolve(inner[1], owner)
                index = int(inner[0])
                return choices[index] if index < len(choices) else f"{choices[0]}[{index}]"
            case "Fn::GetAZs":
                return [f"{self._pseudo['AWS::Region']}{letter}" for letter in "ab"]
            case "Fn::ImportValue":
                return self._import(str(self._resolve(inner, owner)), owner)
            case "Fn::If":
                return self._resolve(inner[1] if self._holds(inner[0]) else inner[2], owner)
        raise TemplateError(f"{self.name}.json {owner}: don't know {function}")

    def _ref(self, name: str, owner: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        self._known(name, owner)
        properties = self._template["Resources"][name].get("Properties", {})
        for key in NAMED_BY:
            if isinstance(properties.get(key), str):
                return properties[key]
            if key in properties:
                return self._resolve(properties[key], owner)
        return f"<{self.name}.{name}>"

    def _known(self, name: str, owner: str) -> str:
        if name not in self._template["Resources"]:
            raise TemplateError(f"{self.name}.json {owner}: refers to {name}, which is not in the template")
        return f"{self.name}.{name}"

    def _sub(self, text: Any, owner: str) -> str:
        if not isinstance(text, str):
            raise TemplateError(f"{self.name}.json {owner}: Fn::Sub with a map of its own is not understood")

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if "." in name and name not in self._pseudo:
                return str(self._intrinsic("Fn::GetAtt", name.split(".", 1), owner))
            return str(self._ref(name, owner))

        return re.sub(r"\$\{([^!}][^}]*)\}", replace, text)

    def _import(self, name: str, owner: str) -> Any:
        if name not in self._imports:
            raise TemplateError(f"{self.name}.json {owner}: imports {name}, which no earlier stack exports")
        return self._imports[name]

    def _holds(self, condition: Any) -> bool:
        if isinstance(condition, str):
            if condition not in self._template.get("Conditions", {}):
                raise TemplateError(f"{self.name}.json: there is no condition {condition}")
            return self._holds(self._template["Conditions"][condition])
        ((function, inner),) = condition.items()
        match function:
            case "Fn::Equals":
                return bool(self._resolve(inner[0], "") == self._resolve(inner[1], ""))
            case "Fn::Not":
                return not self._holds(inner[0])
            case "Fn::And":
                return all(self._holds(part) for part in inner)
            case "Fn::Or":
                return any(self._holds(part) for part in inner)
            case "Condition":
                return self._holds(inner)
        raise TemplateError(f"{self.name}.json: don't know {function} in a condition")


def load(folder: Path = FOLDER, parameters: Mapping[str, str] | None = None) -> list[Stack]:
    """The stacks of infra.shop.STACKS from `folder`; each takes the `parameters` that it declares.

    Raises TemplateError when a template is missing, is not JSON or has a loose reference in an export.
    """
    stacks: list[Stack] = []
    exports: dict[str, Any] = {}
    for part in STACKS:
        path = folder / f"{stack_name(part)}.json"
        try:
            template = json.loads(path.read_text())
        except FileNotFoundError:
            raise TemplateError(f"{path.name} is missing: 'make synth' writes it") from None
        except json.JSONDecodeError as error:
            raise TemplateError(f"{path.name}, line {error.lineno}: not JSON: {error.msg}") from None
        stack = Stack(stack_name(part), template, parameters or {}, dict(exports))
        exports.update(stack.exports())
        stacks.append(stack)
    return stacks
