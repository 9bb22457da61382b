"""Runs the laptop's own commands, as `make` does: `make up`, `make fault` and their like."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from labs.errors import NotThere

ROOT = Path(__file__).parents[1]
# what `make lab` was told or sets itself is not for them
OWN = ("LAB", "VALUE", "SEED", "WATCH", "JSON", "LABS_DIR", "XRAY_DAEMON", "PYTHONPATH")
ADDRESSES = tuple(
    f"{name}_URL" for name in ("STOREFRONT", "CATALOG", "ORDERS", "CONSOLE", "PIPELINE", "REHEARSAL")
)
FAULT_VARIABLES = ("NAME", "ON", "PERCENT", "FOR", "SKU", "OFF", "GUESS")
TIMEOUT_S = 600
ROLLED_BACK = 3  # the exit code of a rehearsal whose release was taken back


def environment(**variables: str) -> dict[str, str]:
    """The variables of the shell that typed `make`, as far as they are for another command."""
    names = {*OWN, *ADDRESSES, *FAULT_VARIABLES}
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {
        name: value for name, value in kept.items() if not name.startswith("AWS_ENDPOINT_URL")
    } | variables


def stack(command: str, **variables: str) -> None:
    """`make up` or `make down`, which say themselves what they do. Raises NotThere."""
    done = _run(["local.stack", command], variables)
    if done.returncode:
        raise NotThere(f"{_typed(command, variables)} failed; it says why above")


def status() -> str:
    """What `make status` prints."""
    return _run(["local.stack", "status"], {}, subprocess.PIPE).stdout


def fault(**variables: str) -> None:
    """`make fault NAME=…`. Raises NotThere."""
    done = _run(["local.faults", "fault"], variables, subprocess.PIPE)
    if done.returncode:
        raise NotThere(f"{_typed('fault', variables)} failed: {done.stdout.strip()}")


def rehearse(commit: str) -> None:
    """`make rehearse COMMIT=…`, to its end, be that a deployment or a rollback. Raises NotThere."""
    variables = {"COMMIT": commit, "RELEASE": "good"}
    if _run(["local.rehearsal"], variables).returncode not in (0, ROLLED_BACK):
        raise NotThere(f"{_typed('rehearse', variables)} failed; it says why above")


def figures(until: str = "") -> dict[str, Any] | None:
    """The DORA metrics by `make dora`; None where no pipeline answers, or nothing was deployed."""
    variables = {"JSON": "1", **({"UNTIL": until} if until else {})}
    done = _run(["local.stack", "dora"], variables, subprocess.PIPE, subprocess.DEVNULL)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return report


def _typed(command: str, variables: dict[str, str]) -> str:
    return " ".join(["make", command, *(f"{name}={value}" for name, value in variables.items())])


def _run(
    module: list[str],
    variables: dict[str, str],
    output: int | None = None,
    errors: int = subprocess.STDOUT,
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors if output else None,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
