"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ESTABLISHED, CLOSE_WAIT = "01", "08"


def wait_until(condition: Callable[[], T], within_s: float = 5.0, what: str = "") -> T:
    """Return the first true value of `condition`; fail when there is none in time."""
    ends_at = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends_at:
            raise AssertionError(f"not within {within_s} s: {what or condition}; last value {value!r}")
        time.sleep(0.02)


def open_connections(port: int) -> list[int]:
    """For each connection to a TCP port of this machine, how many of its bytes no process has read yet.

    A connection counts from the client's first packet until the server has closed it: proc(5), tcp_states.h.
    """
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        int(queues.split(":")[1], 16)
        for _, local, _, state, queues, *_ in rows
        if int(local.split(":")[1], 16) == port and state in (ESTABLISHED, CLOSE_WAIT)
    ]
