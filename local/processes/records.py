"""What is written down about running processes, so that another command finds them again and no others."""

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

# psutil reckons a process's start from the clock, which may be set in between
SAME_START_S = 2.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process that can be recognised: its number alone may since belong to another one."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has `pid` now; one that has ended already never counts as alive."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, 0.0)

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        try:
            found = psutil.Process(self.pid)
            alive = found.status() != psutil.STATUS_ZOMBIE
            return alive and abs(found.create_time() - self.created) < SAME_START_S
        except psutil.NoSuchProcess:
            return False


@dataclass(slots=True)
class Entry:
    """One service: its process, how it is, how often it was started again, and why."""

    process: Process | None = None
    state: str = "waiting"
    restarts: int = 0
    note: str = ""


@dataclass(slots=True)
class Record:
    """The supervisor and its services; `failure` tells why it gave up."""

    supervisor: Process
    services: dict[str, Entry] = field(default_factory=dict)
    is_up: bool = False
    failure: str = ""

    def write(self, file: Path) -> None:
        """Replace `file` as a whole, so that a reader never finds half of it."""
        beside = file.with_name(file.name + ".new")
        beside.write_text(json.dumps(asdict(self), indent=1))
        beside.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Record | None":
        """What `file` says, or None where there is none."""
        try:
            raw = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        entries = {
            name: Entry(**{**e, "process": _process(e["process"])}) for name, e in raw["services"].items()
        }
        return cls(Process(**raw["supervisor"]), entries, raw["is_up"], raw["failure"])

    def survivors(self) -> list[Process]:
        """Services' processes that still run."""
        found = [entry.process for entry in self.services.values()]
        return [process for process in found if process and process.is_alive()]


def end(processes: list[Process], grace_s: float) -> None:
    """SIGTERM to each; after `grace_s` SIGKILL to its whole process group. Returns when all are gone."""
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
    """SIGKILL to the process group that `leader` began, whether or not `leader` itself still runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _process(raw: dict[str, Any] | None) -> Process | None:
    return Process(**raw) if raw else None
