"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


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
