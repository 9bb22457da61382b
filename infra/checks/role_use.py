"""Least privilege both ways: what a rehearsal uses is allowed, what is allowed is used or has a reason.

`infra/iam/used_actions.json` is what each role used in a rehearsal, as the local AWS noted it;
`infra/iam/unused_actions.json` has the reason for everything else. `python -m infra.checks.role_use` writes
both into docs/aws.md.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.checks.aws_files import AwsFiles
from infra.template import Resource

USED, UNUSED = Path("infra/iam/used_actions.json"), Path("infra/iam/unused_actions.json")
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "aws.md"
BEGIN, END = "<!-- roles: python -m infra.checks.role_use -->\n", "<!-- end of roles -->\n"

Actions = Mapping[str, Mapping[str, str]]  # role → action → reason


def problems(files: AwsFiles) -> list[str]:
    """Actions that a rehearsal uses and a role lacks, that nobody uses, and reasons for what is not there."""
    try:
        used, unused = _used(files.root), _unused(files.root)
    except (OSError, ValueError) as error:
        return [f"{USED.parent}: {error}"]
    allowed = dict(_allowed(files))
    resources = {_name(resource): resource for resource in files.of_type("AWS::IAM::Role")}
    return [
        *(
            f"{resources.get(role, role)}: lacks {action}, which a rehearsal uses ({USED})"
            for role in sorted(used)
            for action in sorted(used[role] - allowed.get(role, set()))
        ),
        *(
            f"{resources[role]}: {action} is used by no rehearsal; take it away, or write the reason "
            f"into {UNUSED}"
            for role in sorted(allowed)
            for action in sorted(allowed[role] - used.get(role, set()) - set(unused.get(role, {})))
        ),
        *(
            f"{UNUSED}: {role} {action} has a reason, and "
            + ("a rehearsal uses it" if action in used.get(role, set()) else "the role does not have it")
            for role in sorted(unused)
            for action in sorted(unused[role])
            if action in used.get(role, set()) or action not in allowed.get(role, set())
        ),
    ]


def _used(root: Path) -> dict[str, set[str]]:
    document = json.loads((root / USED).read_text())
    return {role: {action for action, _ in entries} for role, entries in document.items()}


def _unused(root: Path) -> Actions:
    document: Actions = json.loads((root / UNUSED).read_text())
    return document


def _name(resource: Resource) -> str:
    return str(resource.properties.get("RoleName") or f"{resource.stack}-{resource.name}")


def _allowed(files: AwsFiles) -> Iterator[tuple[str, set[str]]]:
    """Each role with the actions of its policies."""
    for resource in files.of_type("AWS::IAM::Role"):
        documents = [policy["PolicyDocument"] for policy in resource.properties.get("Policies", [])]
        reference = f"<{resource.stack}.{resource.name}>"
        documents += [
            policy.properties["PolicyDocument"]
            for policy in files.of_type("AWS::IAM::Policy")
            if {reference, _name(resource)} & set(policy.properties.get("Roles", []))
        ]
        yield (
            _name(resource),
            {
                action
                for document in documents
                for statement in document["Statement"]
                if statement["Effect"] == "Allow"
                for action in _as_list(statement.get("Action", []))
            },
        )


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def page(root: Path = ROOT) -> str:
    """The part of docs/aws.md between BEGIN and END: both lists as Markdown tables."""
    used, unused = _used(root), _unused(root)
    lines = ["| role | a rehearsal uses |", "| --- | --- |"]
    lines += [f"| {role} | {_short(used[role])} |" for role in sorted(used)]
    lines += ["", "| role | not used here | why it has it |", "| --- | --- | --- |"]
    for role in sorted(unused):
        reasons: dict[str, set[str]] = {}
        for action, reason in unused[role].items():
            reasons.setdefault(reason, set()).add(action)
        lines += [f"| {role} | {_short(actions)} | {reason} |" for reason, actions in reasons.items()]
    return "\n".join(lines) + "\n"


def _short(actions: set[str]) -> str:
    """Actions by their service: `s3: GetObject PutObject`."""
    by_service: dict[str, list[str]] = {}
    for action in sorted(actions):
        service, _, name = action.partition(":")
        by_service.setdefault(service, []).append(name)
    return " · ".join(f"{service}: {' '.join(names)}" for service, names in by_service.items())


def with_roles(text: str, root: Path = ROOT) -> str:
    """The page's text with both tables as they are now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + page(root) + END + after


if __name__ == "__main__":
    PAGE.write_text(with_roles(PAGE.read_text()))
