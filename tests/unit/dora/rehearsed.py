"""A rehearsed history as the pipeline kept it: good, slow, errors, the hotfix of it, and good, one morning.

`python -m tests.containers.record_history` records it. It is replayed by the pipeline's own API, later by as
many seconds as one likes, so that it is never older than what the console and the functions look at; only its
commits keep their times, because a commit's hash is made of them.
"""

import gzip
import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dora.times import instant, utc

FILE = Path(__file__).with_name("rehearsed.json.gz")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
THIS_CENTURY = (1_700_000_000, 4_000_000_000)  # epoch seconds, to tell them from other numbers


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the journal has: records by kind and id, EventBridge's envelopes; and git's commits."""

    documents: dict[str, dict[str, Any]]
    events: list[dict[str, Any]]
    commits: list[str]

    @property
    def ended_at(self) -> float:
        """When the last execution ended, epoch seconds."""
        return max(execution["ended"] for execution in self.documents["execution"].values())

    def fill(self, runner: Any) -> None:
        """Give a runner of the pipeline this history."""
        for kind, bodies in self.documents.items():
            for number, (key, body) in enumerate(bodies.items()):
                runner.journal.execute(
                    "INSERT INTO documents (kind, id, body, number, is_over) VALUES (?, ?, ?, ?, 1)",
                    *(kind, key, json.dumps(body), number),
                )
        for event in self.events:
            runner.journal.announce(event)
        for commit in self.commits:
            command = [
                "git",
                "-C",
                str(runner.repository.path),
                "hash-object",
                "-t",
                "commit",
                "-w",
                "--stdin",
            ]
            subprocess.run(command, input=commit, text=True, check=True, capture_output=True)


def load(ended_ago_s: float = 3600.0) -> Rehearsed:
    """The history, later by so many whole seconds that it ended some time ago; never earlier."""
    history = Rehearsed(**json.loads(gzip.decompress(FILE.read_bytes())))
    later_s = max(0, int(time.time() - ended_ago_s - history.ended_at))
    return Rehearsed(_later(history.documents, later_s), _later(history.events, later_s), history.commits)


def _later(value: Any, seconds: int) -> Any:
    """Something of JSON with every instant in it later."""
    if isinstance(value, dict):
        return {key: _later(member, seconds) for key, member in value.items()}
    if isinstance(value, list):
        return [_later(member, seconds) for member in value]
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return utc(instant(value) + seconds)
    if isinstance(value, float) and THIS_CENTURY[0] < value < THIS_CENTURY[1]:
        return value + seconds
    return value
