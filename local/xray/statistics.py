"""Counting calls as X-Ray counts them: each once, throttle before fault before error before ok."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from local.xray.segments import Document

OUTCOMES = ("ok", "error", "fault", "throttle")
PENDING = len(OUTCOMES)  # in progress: it is there and has no numbers yet


@dataclass(slots=True)
class Statistics:
    """Numbers of a node or an edge; histograms at 1 ms, exact where AWS approximates."""

    counts: Counter[str] = field(default_factory=Counter)
    histogram_ms: Counter[int] = field(default_factory=Counter)
    first_s: float = float("inf")
    last_s: float = float("-inf")

    def add(self, outcome_index: int, took_ms: int, times: int = 1) -> None:
        """Count something that ended like that after `took_ms`; PENDING counts nothing."""
        if outcome_index != PENDING:
            self.counts[OUTCOMES[outcome_index]] += times
            self.histogram_ms[took_ms] += times

    def seen(self, first_s: float, last_s: float) -> None:
        """Widen the time in which its traces began, epoch seconds."""
        self.first_s, self.last_s = min(self.first_s, first_s), max(self.last_s, last_s)

    def summary(self) -> dict[str, Any]:
        """SummaryStatistics; throttled calls are within the errors."""
        throttled, errors, faults = self.counts["throttle"], self.counts["error"], self.counts["fault"]
        return {
            "OkCount": self.counts["ok"],
            "ErrorStatistics": {
                "ThrottleCount": throttled,
                "OtherCount": errors,
                "TotalCount": throttled + errors,
            },
            "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
            "TotalCount": self.counts.total(),
            "TotalResponseTime": sum(ms * count for ms, count in self.histogram_ms.items()) / 1000,
        }

    def bars(self) -> list[dict[str, Any]]:
        """The histogram in seconds, from fast to slow."""
        return [{"Value": ms / 1000, "Count": count} for ms, count in sorted(self.histogram_ms.items())]

    def times(self) -> dict[str, float]:
        """StartTime and EndTime: the one-second buckets in which the first and last of its traces began."""
        return {"StartTime": float(int(self.first_s)), "EndTime": float(int(self.last_s) + 1)}


def outcome(entity: Document) -> str:
    """`throttle`, `fault`, `error` or `ok`: the first that is true."""
    return next((name for name in ("throttle", "fault", "error") if entity.get(name) is True), "ok")
