"""A copy of the files that AWS reads, in which tests make mistakes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra import verify

ROOT = Path(__file__).parents[2]
FILES = ("taskdef.json", "appspec.yaml", "buildspec.yml", "docker-compose.yml", "pyproject.toml")
FOLDERS = ("infra", "services", "dora")
SLOW = {"cfn-lint", "checkov", "CDK synthesis and cdk-nag", "Kubernetes manifests"}


class Checkout:
    """A copy in `root`; its methods edit files and fail when nothing was changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in FILES:
            shutil.copy(ROOT / name, root / name)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace every `old` in a file; fail when there is none."""
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new))

    def edit(self, name: str, change: Callable[[Any], None]) -> None:
        """Change a JSON file's content in place; fail when it stays the same."""
        path = self.root / name
        content = json.loads(path.read_text())
        before = json.dumps(content)
        change(content)
        assert json.dumps(content) != before, f"{name}: nothing was changed"
        path.write_text(json.dumps(content, indent=2))

    def container(self, name: str, **fields: Any) -> None:
        """Set fields of a container in the task definition; None removes a field."""

        def change(definition: dict[str, Any]) -> None:
            container = next(
                container for container in definition["containerDefinitions"] if container["name"] == name
            )
            for key, value in fields.items():
                container.pop(key, None) if value is None else container.update({key: value})

        self.edit("taskdef.json", change)

    def resource(self, stack: str, name: str, change: Callable[[Any], None]) -> None:
        """Change the properties of one resource of one template."""
        self.edit(
            f"infra/cloudformation/lantern-{stack}.json",
            lambda template: change(template["Resources"][name]["Properties"]),
        )

    def quick_problems(self) -> list[str]:
        """The problems that the steps of `make verify-infra` without other programs find."""
        return [problem for name, check in verify.steps(self.root) if name not in SLOW for problem in check()]
