"""What SDKs report of their sampling, added up in windows of ten seconds."""

import threading
import time
from collections import Counter
from typing import Any

WINDOW_S = 10
COUNTS = ("RequestCount", "BorrowCount", "SampledCount")


class SamplingStatistics:
    """Keeps the open window and the one before it. Reports count when they arrive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[int, dict[str, Counter[str]]] = {}

    def add(self, report: dict[str, Any]) -> None:
        """Count one SamplingStatisticsDocument."""
        window = int(time.time() // WINDOW_S)
        with self._lock:
            rules = self._windows.setdefault(window, {})
            rules.setdefault(report["RuleName"], Counter()).update(
                {name: report.get(name, 0) for name in COUNTS}
            )
            for old in [one for one in self._windows if one < window - 1]:
                del self._windows[old]

    def last_closed(self) -> list[dict[str, Any]]:
        """One summary a rule, named by the end of the window."""
        window = int(time.time() // WINDOW_S) - 1
        with self._lock:
            rules = self._windows.get(window, {})
            return [
                {
                    "RuleName": rule,
                    "Timestamp": (window + 1) * WINDOW_S,
                    **{name: counts[name] for name in COUNTS},
                }
                for rule, counts in sorted(rules.items())
            ]
