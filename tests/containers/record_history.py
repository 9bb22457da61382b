"""Record the history that tests/unit/dora/rehearsed.py replays: `python -m tests.containers.record_history`.

Rehearses good, slow, errors, the hotfix of it, and good, which takes about eight minutes, and keeps what the
pipeline has in its journal and its repository.
"""

import gzip
import json
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.containers.rehearsed import Rehearsal
from tests.stacks import new_stack_name
from tests.unit.dora.rehearsed import FILE

KINDS = ("alarm", "deployment", "execution")


def rehearse(checkout: Rehearsal) -> None:
    """Make the history: five rehearsals with their shoppers."""
    checkout.rehearse(0)
    checkout.rehearse(3, RELEASE="slow")
    checkout.rehearse(3, RELEASE="errors")
    failed = [each for each in checkout.snapshot()["deployments"] if each["error_code"] == "ALARM_ACTIVE"]
    checkout.commit(f"Take every order\n\nFixes-Deployment: {failed[-1]['id']}")
    checkout.rehearse(0)
    checkout.commit("Sell lanterns by the dozen")
    checkout.rehearse(0)


def recorded(checkout: Rehearsal, folder: Path) -> dict[str, Any]:
    """Everything that DORA's readers can ask for, out of a copy of the pipeline's state."""
    pipeline = checkout.containers()["pipeline"].id
    subprocess.run(["docker", "cp", f"{pipeline}:/state", str(folder)], check=True, capture_output=True)
    journal = sqlite3.connect(folder / "state" / "journal.sqlite")
    documents: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for kind, key, body in journal.execute("SELECT kind, id, body FROM documents ORDER BY number"):
        if kind in documents:
            documents[kind][key] = json.loads(body)
    events = [json.loads(body) for (body,) in journal.execute("SELECT body FROM events ORDER BY number")]
    repository = ["git", "-c", "safe.directory=*", "-C", str(folder / "state" / "lantern.git")]
    commits = _printed([*repository, "rev-list", "--all"]).split()
    return {
        "documents": documents,
        "events": events,
        "commits": [_printed([*repository, "cat-file", "commit", commit]) for commit in commits],
    }


def _printed(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Rehearse in a checkout of its own, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = Rehearsal(Path(folder) / "checkout", new_stack_name("rehearsal"))
        try:
            rehearse(checkout)
            history = recorded(checkout, Path(folder))
        finally:
            checkout.run("down")
            checkout.remove()
    FILE.write_bytes(gzip.compress(json.dumps(history, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    main()
