"""Runs the laptop's own commands, as `make` does: `make up`, `make fault` and their like."""

import os
import subprocess
import sys
from pathlib import Path

from labs.errors import NotThere

ROOT = Path(__file__).parents[1]
# what `make lab` was told or sets itself is not for them
OWN = ("LAB", "VALUE", "SEED", "WATCH", "JSON", "LABS_DIR", "XRAY_DAEMON", "PYTHONPATH")
ADDRESSES = ("STOREFRONT_URL", "CATALOG_URL", "ORDERS_URL", "CONSOLE_URL")
FAULT_VARIABLES = ("NAME", "ON", "PERCENT", "FOR", "SKU", "OFF", "GUESS")
TIMEOUT_S = 600


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


def _typed(command: str, variables: dict[str, str]) -> str:
    return " ".join(["make", command, *(f"{name}={value}" for name, value in variables.items())])


def _run(
    module: list[str], variables: dict[str, str], output: int | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
