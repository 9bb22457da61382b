"""An open model: requests leave at their times, however slow the answers are."""

import time
from collections.abc import Callable

from gevent import sleep

LATE_S = 1.0  # who is later than this begins anew, instead of making up for it in a rush


class Pace:
    """Gives each request its moment, `rate` a second altogether."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._interval_s, self._now = 1 / rate, now
        self._next_s = now()

    def __call__(self) -> None:
        """Wait for the next free moment."""
        now_s = self._now()
        at_s = max(self._next_s, now_s - LATE_S)
        self._next_s = at_s + self._interval_s
        if at_s > now_s:
            sleep(at_s - now_s)
