"""Sampling statistics: what SDKs report of their sampling, summed in windows of ten seconds."""

import threading
import time
from collections import Counter
from typing import Any

WINDOW_S = 10
COUNTS = ("RequestCount", "BorrowCount", "SampledCount")


class SamplingStatistics:
    """Keeps the current window and the one before it. A report counts in the window in which it arrives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[int, dict[str, Counter[str]]] = {}  # window number → rule name → counts

    def add(self, report: dict[str, Any]) -> None:
        """Count one SamplingStatisticsDocument."""
        current = int(time.time() // WINDOW_S)
        with self._lock:
            rules = self._windows.setdefault(current, {})
            rules.setdefault(report["RuleName"], Counter()).update(
                {name: report.get(name, 0) for name in COUNTS}
            )
            for expired in [window for window in self._windows if window < current - 1]:
                del self._windows[expired]

    def last_closed(self) -> list[dict[str, Any]]:
        """SamplingStatisticSummaries of the last closed window, one for each rule; Timestamp is its end."""
        window = int(time.time() // WINDOW_S) - 1
        with self._lock:
            rules = self._windows.get(window, {})
            return [
                {
                    "RuleName": name,
                    "Timestamp": (window + 1) * WINDOW_S,
                    **{count: counts[count] for count in COUNTS},
                }
                for name, counts in sorted(rules.items())
            ]
