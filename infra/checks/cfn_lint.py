"""cfn-lint over every committed template."""

import json
import subprocess
import sys
from pathlib import Path


def problems(root: Path) -> list[str]:
    """cfn-lint's findings over every committed template, warnings too."""
    templates = sorted(
        path
        for folder in ("cloudformation", "native", "apprunner", "eks")
        for path in (root / "infra" / folder).glob("*.json")
    )
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", *map(str, templates)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if not run.stdout.strip():
        return [] if run.returncode == 0 else [f"cfn-lint could not run: {run.stderr.strip()[-500:]}"]
    return [
        f"{Path(one['Filename']).relative_to(root)}, line {one['Location']['Start']['LineNumber']}: "
        f"{one['Rule']['Id']} {one['Message']}"
        for one in json.loads(run.stdout)
    ]
