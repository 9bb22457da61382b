"""A trainee's attempt at a lab, and what was solved before; files that survive a kill -9."""

import fcntl
import json
import os
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labs.errors import LabError

Undo = dict[str, Any]  # `kind`, and what that kind needs to know: see labs/cleanup.py


@dataclass(slots=True)
class Attempt:
    """One attempt. Only what comes after `began` counts, so that yesterday's traces pass nothing."""

    lab: str
    id: str
    seed: int
    began: float
    is_prepared: bool = False
    is_shown: bool = False  # `make solve` was used
    undo: list[Undo] = field(default_factory=list)  # written down before anything is changed
    facts: dict[str, Any] = field(default_factory=dict)  # what prepare chose and made
    answers: dict[str, list[str]] = field(default_factory=dict)  # by step, the last one counts
    hints: dict[str, int] = field(default_factory=dict)  # by step, how many were asked for

    def random(self, subject: str) -> random.Random:
        """Dice of this seed for a subject: the same at each call."""
        return random.Random(f"{self.lab}/{self.seed}/{subject}")  # noqa: S311  to be repeatable


def begin(lab: str, seed: int) -> Attempt:
    """A new attempt; a negative seed is replaced by a random one."""
    chosen = seed if seed >= 0 else secrets.randbelow(1_000_000)
    return Attempt(lab, secrets.token_hex(4), chosen, time.time())


@dataclass(slots=True)
class Progress:
    """How far a trainee got with a lab."""

    solved_at: float = 0.0
    is_shown: bool = False
    seed: int = 0
    attempts: int = 0
    hints: int = 0


class Store:
    """The folder that keeps the open attempt and the progress."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one command at a time change something."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def attempt(self) -> Attempt | None:
        """The open attempt. Raises LabError when its file can't be read."""
        content = self._read("attempt.json")
        try:
            return Attempt(**content) if content else None
        except TypeError as error:
            raise self._unreadable("attempt.json", error) from None

    def save(self, attempt: Attempt) -> None:
        """Keep the attempt as it is now."""
        self._write("attempt.json", asdict(attempt))

    def forget(self) -> None:
        """There is no open attempt any more."""
        (self.folder / "attempt.json").unlink(missing_ok=True)

    def progress(self) -> dict[str, Progress]:
        """The progress, by lab."""
        try:
            return {lab: Progress(**entry) for lab, entry in self._read("progress.json").items()}
        except TypeError as error:
            raise self._unreadable("progress.json", error) from None

    def save_progress(self, lab: str, progress: Progress) -> None:
        """Keep the progress with a lab."""
        entries = {name: asdict(entry) for name, entry in self.progress().items()}
        self._write("progress.json", entries | {lab: asdict(progress)})

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._unreadable(name, error) from None
        if not isinstance(content, dict):
            raise self._unreadable(name, "expected an object")
        return content

    def _write(self, name: str, content: Any) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / f"{name}.new"
        with new.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.folder / name)

    def _unreadable(self, name: str, reason: object) -> LabError:
        return LabError(f"{self.folder / name} cannot be read ({reason}); remove it and begin again")
