"""Runs the load generator during a rehearsal: alarms can't judge a canary without traffic."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from local.stack.background import beside

LONGEST_S = 3600
STOP_S = 15


@contextlib.contextmanager
def shoppers(root: Path, target: str, rate: float, report: Path) -> Iterator[None]:
    """Send `rate` requests a second to the address `target` inside the block, reported to a file."""
    if not rate:
        yield
        return
    python = Path(sys.prefix) / "traffic" / "bin" / "python"
    environ = os.environ | {
        "TARGET_URL": target,
        "RATE": f"{rate:g}",
        "SECONDS": str(LONGEST_S),
        "SHOPPERS": "buyers",
        "PYTHONPATH": str(root),
    }
    report.parent.mkdir(parents=True, exist_ok=True)
    with report.open("wb") as file, beside([str(python), "-m", "local.traffic"], root, environ, file, STOP_S):
        yield


def summary(report: Path) -> list[str]:
    """Return the lines of the report's table, which comes after its last empty line."""
    if not report.exists():
        return []
    return report.read_text(errors="replace").rpartition("\n\n")[2].splitlines()
