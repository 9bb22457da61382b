"""What each role has used in a rehearsal, as `infra/iam/used_actions.json` keeps it.

`python -m tests.containers.accesses http://127.0.0.1:4566` writes it from a stack after `make rehearse`.
"""

import json
import re
import sys
from pathlib import Path

import requests

FILE = Path(__file__).parents[2] / "infra" / "iam" / "used_actions.json"
# Ids of one run, for which a policy has a wildcard
IDS = (
    (r"(:log-stream:).*", r"\1*"),
    (r"(arn:aws:s3:::[^/]+/lantern/\w+/)\w+$", r"\1*"),
    (r"(:task-set/.*/)\d+$", r"\1*"),
    (r"(:listener/app/[\w-]+/).*", r"\1*"),
)


def used(address: str) -> dict[str, list[list[str]]]:
    """Ask a local AWS; return action and resource of what each role was allowed, without ids."""
    answer = requests.get(f"{address}/_lantern/accesses", timeout=10).json()
    return by_role(answer["used"])


def by_role(entries: list[list[str]]) -> dict[str, list[list[str]]]:
    """Group role, action and resource by role, each once."""
    roles: dict[str, set[tuple[str, str]]] = {}
    for role, action, resource in entries:
        for pattern, general in IDS:
            resource = re.sub(pattern, general, resource)
        roles.setdefault(role, set()).add((action, resource))
    return {role: [list(entry) for entry in sorted(found)] for role, found in sorted(roles.items())}


def actions(roles: dict[str, list[list[str]]]) -> set[tuple[str, str]]:
    """Each role with each action, whatever the resource."""
    return {(role, action) for role, entries in roles.items() for action, _ in entries}


if __name__ == "__main__":
    FILE.write_text(json.dumps(used(sys.argv[1]), indent=2) + "\n")
