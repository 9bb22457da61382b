"""cfn-lint over every committed template."""

import json
import subprocess
import sys
from pathlib import Path

FOLDERS = ("cloudformation", "native", "apprunner", "eks")


def problems(root: Path) -> list[str]:
    """cfn-lint's findings below `root`, warnings included, each with file, line and rule."""
    templates = sorted(path for folder in FOLDERS for path in (root / "infra" / folder).glob("*.json"))
    # The program of this environment, not of whatever is first on the PATH
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", *map(str, templates)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if not run.stdout.strip():
        return [] if run.returncode == 0 else [f"cfn-lint could not run: {run.stderr.strip()[-500:]}"]
    return [
        f"{Path(finding['Filename']).relative_to(root)}, line {finding['Location']['Start']['LineNumber']}: "
        f"{finding['Rule']['Id']} {finding['Message']}"
        for finding in json.loads(run.stdout)
    ]
