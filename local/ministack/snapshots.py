"""Keeps DynamoDB's data over a kill -9: MiniStack writes its state only on a graceful stop.

A snapshot is taken by a forked child, as Redis does it: the fork is one instant between two requests, so the
file never holds half a transaction, and requests go on while the child writes.
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
# A big store takes long to write. Resting nine times as long leaves nine tenths of a core to the shop.
REST = 9
STUCK_S = 60.0
LOCK_WAIT_S = 15.0


class StateInUse(Exception):
    """Another local AWS has this state directory."""


def lock(state: Path, wait_s: float = LOCK_WAIT_S) -> int:
    """Hold `state` for this process and its snapshots; waits for those of a killed predecessor."""
    state.mkdir(parents=True, exist_ok=True)
    held = os.open(state / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(held)
                raise StateInUse(f"{state} is in use by another local AWS") from None
            time.sleep(0.05)
        else:
            return held


class Snapshots:
    """Writes a snapshot whenever something changed, every few seconds at most."""

    def __init__(self, held: int, interval_s: float = INTERVAL_S) -> None:
        self.changed = False
        self._held = held
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; a snapshot under way is finished first, because the last save writes the same file."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause = self._interval_s
        while True:
            await asyncio.sleep(pause)
            if not self.changed:
                continue
            self.changed = False
            started = time.monotonic()
            if not await asyncio.shield(self._take()):
                self.changed = True
                log.error("a snapshot of DynamoDB failed; trying again")
            pause = max(self._interval_s, REST * (time.monotonic() - started))

    async def _take(self) -> bool:
        child = os.fork()
        if child == 0:
            _write_and_exit(self._held)
        deadline = time.monotonic() + STUCK_S
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status) == 0
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            await asyncio.sleep(0.02)


def _write_and_exit(held: int) -> None:
    """The child's whole life: it must not answer requests, run handlers or outlive its one task."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.closerange(3, held)
        os.closerange(held + 1, 1 << 20)
        gc.disable()  # a collection would touch, and so copy, every page
        engine.save_dynamodb()
    except BaseException:  # noqa: BLE001  nothing may escape into the parent's code below the fork
        os._exit(1)
    os._exit(0)
