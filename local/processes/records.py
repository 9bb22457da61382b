"""The record of running processes, by which another command recognises them and no others."""

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

# psutil computes a process's start from the system clock, which may be adjusted in between
SAME_START_S = 2.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its id and start, since the id alone may be given to another process later."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Return the process that has `pid` now; if there is none, a process that is never alive."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, 0.0)

    def is_alive(self) -> bool:
        """Whether this process, not another one with its id, still runs."""
        try:
            process = psutil.Process(self.pid)
            is_running = process.status() != psutil.STATUS_ZOMBIE
            return is_running and abs(process.create_time() - self.created) < SAME_START_S
        except psutil.NoSuchProcess:
            return False


@dataclass(slots=True)
class Entry:
    """A service's process, its state, how often it was restarted, and a note on why."""

    process: Process | None = None
    state: str = "waiting"
    restarts: int = 0
    note: str = ""


@dataclass(slots=True)
class Record:
    """The supervisor and its services; `failure` says why it stopped them, "" while it has not."""

    supervisor: Process
    services: dict[str, Entry] = field(default_factory=dict)
    is_up: bool = False
    failure: str = ""

    def write(self, file: Path) -> None:
        """Write the record as JSON and replace `file` with it at once, so that no reader sees half of it."""
        written = file.with_name(file.name + ".new")
        written.write_text(json.dumps(asdict(self), indent=1))
        written.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Record | None":
        """Read a record; return None when there is no such file."""
        try:
            raw = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        entries = {
            name: Entry(**{**e, "process": _process(e["process"])}) for name, e in raw["services"].items()
        }
        return cls(Process(**raw["supervisor"]), entries, raw["is_up"], raw["failure"])

    def survivors(self) -> list[Process]:
        """Return the processes of services that still run."""
        processes = [entry.process for entry in self.services.values()]
        return [process for process in processes if process and process.is_alive()]


def end(processes: list[Process], grace_s: float) -> None:
    """Send SIGTERM to each process, after `grace_s` SIGKILL to its group; return when all are gone."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while any(process.is_alive() for process in processes):
        if time.monotonic() > deadline:
            for process in filter(Process.is_alive, processes):
                kill_group(process.pid)
        time.sleep(0.02)


def kill_group(leader: int) -> None:
    """Send SIGKILL to the process group of `leader`, whether or not `leader` itself still runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _process(raw: dict[str, Any] | None) -> Process | None:
    return Process(**raw) if raw else None
