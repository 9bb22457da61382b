"""The committed CloudFormation templates as the stacks they would be: parameters chosen, conditions decided,
references and imports followed.

What only AWS can know stays a readable name: the ARN of the load balancer that the platform stack makes is
`<lantern-platform.PublicLoadBalancer>`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.shop import STACKS, stack_name

PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NAMED_BY = (  # a resource whose own properties give it its name is called by it
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
    """A template refers to something that is not there; the message names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource, its properties resolved."""

    stack: str
    name: str
    type: str
    properties: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}.json {self.name}"


class Stack:
    """One template with its parameters chosen. `imports` finds what earlier stacks share."""

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
        """Every resource whose condition holds."""
        for name, resource in self._template["Resources"].items():
            if "Condition" not in resource or self._holds(resource["Condition"]):
                properties = self.resolve(resource.get("Properties", {}), where=name)
                yield Resource(stack=self.name, name=name, type=resource["Type"], properties=properties)

    def exports(self) -> dict[str, Any]:
        """What the stack shares, by export name."""
        return {
            self.resolve(output["Export"]["Name"], where=name): self.resolve(output["Value"], where=name)
            for name, output in self._template.get("Outputs", {}).items()
            if "Export" in output
        }

    def resolve(self, value: Any, *, where: str) -> Any:
        """`value` without intrinsic functions; raises TemplateError naming `where` on a loose reference."""
        resolved = self._resolve(value, where)
        return None if resolved is _ABSENT else resolved

    def _resolve(self, value: Any, where: str) -> Any:
        if isinstance(value, list):
            entries = [self._resolve(entry, where) for entry in value]
            return [entry for entry in entries if entry is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._intrinsic(key, inner, where)
        resolved = {key: self._resolve(entry, where) for key, entry in value.items()}
        return {key: entry for key, entry in resolved.items() if entry is not _ABSENT}

    def _intrinsic(self, function: str, inner: Any, where: str) -> Any:
        match function:
            case "Ref":
                return self._ref(inner, where)
            case "Fn::GetAtt":
                return f"<{self._known(inner[0], where)}.{inner[1]}>"
            case "Fn::Sub":
                return self._sub(inner, where)
            case "Fn::Join":
                return inner[0].join(str(part) for part in self._resolve(inner[1], where))
            case "Fn::Split":
                return str(self._resolve(inner[1], where)).split(inner[0])
            case "Fn::Select":
                choices = self._resolve(inner[1], where)
                index = int(inner[0])
                return choices[index] if index < len(choices) else f"{choices[0]}[{index}]"
            case "Fn::GetAZs":
                return [f"{self._pseudo['AWS::Region']}{letter}" for letter in "ab"]
            case "Fn::ImportValue":
                return self._import(str(self._resolve(inner, where)), where)
            case "Fn::If":
                return self._resolve(inner[1] if self._holds(inner[0]) else inner[2], where)
        raise TemplateError(f"{self.name}.json {where}: don't know {function}")

    def _ref(self, name: str, where: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        self._known(name, where)
        properties = self._template["Resources"][name].get("Properties", {})
        for key in NAMED_BY:
            if isinstance(properties.get(key), str):
                return properties[key]
            if key in properties:
                return self._resolve(properties[key], where)
        return f"<{self.name}.{name}>"

    def _known(self, name: str, where: str) -> str:
        if name not in self._template["Resources"]:
            raise TemplateError(f"{self.name}.json {where}: refers to {name}, which is not in the template")
        return f"{self.name}.{name}"

    def _sub(self, text: Any, where: str) -> str:
        if not isinstance(text, str):
            raise TemplateError(f"{self.name}.json {where}: Fn::Sub with a map of its own is not understood")

        def one(match: re.Match[str]) -> str:
            name = match[1]
            if "." in name and name not in self._pseudo:
                return str(self._intrinsic("Fn::GetAtt", name.split(".", 1), where))
            return str(self._ref(name, where))

        return re.sub(r"\$\{([^!}][^}]*)\}", one, text)

    def _import(self, name: str, where: str) -> Any:
        if name not in self._imports:
            raise TemplateError(f"{self.name}.json {where}: imports {name}, which no earlier stack exports")
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
                return all(self._holds(one) for one in inner)
            case "Fn::Or":
                return any(self._holds(one) for one in inner)
            case "Condition":
                return self._holds(inner)
        raise TemplateError(f"{self.name}.json: don't know {function} in a condition")


def load(folder: Path = FOLDER, parameters: Mapping[str, str] | None = None) -> list[Stack]:
    """Every stack of infra.shop.STACKS from `folder`, in the order they live, each with `parameters` where it
    declares them. Raises TemplateError when one is missing or is not JSON."""
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
