"""How many requests each sampling rule saw and sampled, collected while somebody looks.

X-Ray answers the last closed window of ten seconds and nothing before it, so a thread asks for it until
nobody has looked for a while. https://docs.aws.amazon.com/xray/latest/api/API_GetSamplingStatisticSummaries.html
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from console.shared.aws import Aws, attempt

WINDOW_S = 10.0
KEPT_S = 15 * 60.0
LOOKED_AT_S = 15 * 60.0  # how long after the last look it goes on to ask
SETTLING_S = 20.0  # after a change the services still sample by the old rule
DEVIATIONS = 1.96  # of a normal distribution: nineteen of twenty results are within

Summaries = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Count:
    """What a rule did in some windows: requests seen, requests sampled, and what chance allows."""

    seen: int
    sampled: int
    least: int
    most: int
    seconds: float

    @property
    def is_within(self) -> bool:
        """Whether as many were sampled as chance allows."""
        return self.least <= self.sampled <= self.most


def last_window(aws: Aws) -> list[Mapping[str, Any]]:
    """Return X-Ray's summaries of the last closed window; raises AwsError."""
    operation, key = "get_sampling_statistic_summaries", "SamplingStatisticSummaries"
    return list(aws.pages("xray", operation, key))


def band(rate: float, reservoir: int, seen: int, seconds: float) -> tuple[int, int]:
    """Return the least and the most samples that a rule takes in nineteen of twenty cases.

    The reservoir may be used in each second or in none: how the requests are spread is not known.
    """
    held = min(seen, round(reservoir * seconds)) if reservoir else 0

    def edge(drawn: int, sign: int) -> float:
        return rate * drawn + sign * DEVIATIONS * sqrt(drawn * rate * (1 - rate))

    return max(0, int(edge(seen, -1))), min(seen, round(held + edge(seen - held, 1) + 0.5))


class Statistics:
    """The windows of the last fifteen minutes, by rule; `ask` returns the last closed one."""

    def __init__(self, ask: Callable[[], Summaries], clock: Callable[[], float] = time.time) -> None:
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, float], tuple[int, int]] = {}
        self._thread: threading.Thread | None = None
        self._looked_s = 0.0

    def look(self) -> None:
        """Ask now, and go on asking until nobody has looked for a while; raises AwsError."""
        self._looked_s = self._clock()
        self.collect()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep_asking, daemon=True, name="sampling")
                self._thread.start()

    def collect(self) -> None:
        """Add the last closed window; raises AwsError."""
        summaries = list(self._ask())
        now_s = self._clock()
        with self._lock:
            for summary in summaries:
                at_s = float(getattr(summary["Timestamp"], "timestamp", lambda: 0.0)())
                counts = summary.get("RequestCount", 0), summary.get("SampledCount", 0)
                self._windows[summary["RuleName"], at_s] = counts
            self._windows = {key: counts for key, counts in self._windows.items() if key[1] >= now_s - KEPT_S}

    def over(self, rule: Mapping[str, Any], minutes: float, changed_s: float = 0.0) -> Count:
        """Return what a rule did in the last minutes, since its last change at most."""
        since_s = max(self._clock() - 60 * minutes - WINDOW_S, changed_s + SETTLING_S)
        with self._lock:
            windows = [
                counts
                for (name, at_s), counts in self._windows.items()
                if name == rule["RuleName"] and at_s >= since_s
            ]
        seen, sampled = sum(seen for seen, _ in windows), sum(sampled for _, sampled in windows)
        seconds = WINDOW_S * len(windows)
        return Count(seen, sampled, *band(rule["FixedRate"], rule["ReservoirSize"], seen, seconds), seconds)

    def _keep_asking(self) -> None:
        while self._clock() - self._looked_s < LOOKED_AT_S:
            time.sleep(WINDOW_S / 2)
            attempt(self.collect, lambda: None)  # X-Ray may be away for a while
