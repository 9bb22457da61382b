"""The open workload model: requests are sent at their times, however slow the answers are."""

import time
from collections.abc import Callable

from gevent import sleep

LATE_S = 1.0  # requests that are later than this are left out, instead of sent in a burst


class Pace:
    """Spaces the requests of all shoppers evenly, `rate` a second."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._interval_s, self._now = 1 / rate, now
        self._next_s = now()

    def __call__(self) -> None:
        """Wait for the time of the next request."""
        now_s = self._now()
        at_s = max(self._next_s, now_s - LATE_S)
        self._next_s = at_s + self._interval_s
        if at_s > now_s:
            sleep(at_s - now_s)
