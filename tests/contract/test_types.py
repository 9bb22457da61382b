"""mypy reads the types of every CDK module that infra imports, whatever `follow_imports = "skip"` hides."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def imported_cdk_modules():
    for path in (ROOT / "infra").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name.startswith("aws_cdk"))
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk"):
                names = [alias.name for alias in node.names if alias.name.startswith("aws_")]
                yield from (f"{node.module}.{name}" for name in names)
                yield node.module


def test_mypy_follows_every_cdk_module_that_infra_imports_and_no_other():
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (followed,) = (entry["module"] for entry in overrides if entry.get("follow_imports") == "normal")

    assert set(followed) - {"aws_cdk.interfaces.*"} == set(imported_cdk_modules())
