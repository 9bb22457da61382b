"""Snapshots of DynamoDB's data, for a kill -9; MiniStack itself saves on a graceful stop only.

A forked child writes the snapshot, as in Redis. The fork happens between two requests, so a snapshot never
holds half a transaction, and requests are answered while the child writes.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import signal
import time
from pathlib import Path

from local.ministack import engine

log = logging.getLogger("local.ministack")

INTERVAL_S = 2.0
# A pause is nine times as long as the last snapshot took, so that snapshots need a tenth of a core at most
PAUSE_FACTOR = 9
STUCK_S = 60.0
LOCK_WAIT_S = 15.0
UNKNOWN = 255  # exit code of a snapshot's process whose error has no number


class StateInUse(Exception):
    """Another process of the local AWS uses this state directory."""


def lock(state: Path, wait_s: float = LOCK_WAIT_S) -> int:
    """Lock the directory `state` and return the lock's file descriptor.

    Waits up to `wait_s` seconds for the snapshot of a killed predecessor, then raises StateInUse.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock_fd = os.open(state / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock_fd)
                raise StateInUse(f"{state} is in use by another local AWS") from None
            time.sleep(0.05)
        else:
            return lock_fd


class Snapshots:
    """Writes a snapshot when `changed` is set, every `interval_s` seconds at most."""

    def __init__(self, lock_fd: int, interval_s: float = INTERVAL_S) -> None:
        self.changed = False
        self._lock_fd = lock_fd
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that writes snapshots. Needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finish the snapshot in progress and stop; MiniStack's own save writes the same file next."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause_s, failure = self._interval_s, ""
        while True:
            await asyncio.sleep(pause_s)
            if not self.changed:
                continue
            self.changed = False
            started = time.monotonic()
            failure_before, failure = failure, await asyncio.shield(self._take())
            self.changed = self.changed or bool(failure)
            if failure and not failure_before:
                log.error("cannot save DynamoDB's data: %s; tries again and says when it can", failure)
            if failure_before and not failure:
                log.warning("DynamoDB's data is saved again")
            pause_s = max(self._interval_s, PAUSE_FACTOR * (time.monotonic() - started))

    async def _take(self) -> str:
        """Take a snapshot; returns why it failed, "" when it is written."""
        child = os.fork()
        if child == 0:
            _write_and_exit(self._lock_fd)
        deadline = time.monotonic() + STUCK_S
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return _reason(os.waitstatus_to_exitcode(status))
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            await asyncio.sleep(0.02)


def _write_and_exit(lock_fd: int) -> None:
    """Write the snapshot in the forked child, which must not return, answer requests or run handlers."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.closerange(3, lock_fd)
        os.closerange(lock_fd + 1, 1 << 20)
        gc.disable()  # a collection would touch, and so copy, every page
        engine.save_dynamodb()
    except OSError as error:
        os._exit(error.errno or UNKNOWN)
    except BaseException:  # noqa: BLE001  nothing may escape into the parent's code below the fork
        os._exit(UNKNOWN)
    os._exit(0)


def _reason(exit_code: int) -> str:
    """Why a child could not write: its exit code is the number of the system's error."""
    if exit_code < 0:
        return f"the process was ended by signal {-exit_code}"
    if exit_code == UNKNOWN:
        return "an error in the data"
    return os.strerror(exit_code) if exit_code else ""
