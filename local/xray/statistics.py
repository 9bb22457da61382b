"""Counting calls as X-Ray counts them: each once, throttle before fault before error before ok."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from local.xray.segments import Document, end_of


@dataclass(slots=True)
class Statistics:
    """Numbers of a node or an edge. Times in seconds; histograms at 1 ms, exact where AWS approximates."""

    counts: Counter[str] = field(default_factory=Counter)
    total_s: float = 0.0
    histogram: Counter[float] = field(default_factory=Counter)
    first_s: float = float("inf")
    last_s: float = float("-inf")

    def add(self, entity: Document, trace_start_s: float) -> None:
        """Count one segment or subsegment; one in progress has no outcome yet."""
        self.first_s, self.last_s = min(self.first_s, trace_start_s), max(self.last_s, trace_start_s)
        end = end_of(entity)
        if end is None:
            return
        duration_s = max(0.0, end - float(entity["start_time"]))
        self.counts[outcome(entity)] += 1
        self.total_s += duration_s
        self.histogram[round(duration_s, 3)] += 1

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
            "TotalResponseTime": round(self.total_s, 3),
        }

    def bars(self) -> list[dict[str, Any]]:
        """The histogram, from fast to slow."""
        return [{"Value": value, "Count": count} for value, count in sorted(self.histogram.items())]

    def times(self) -> dict[str, float]:
        """StartTime and EndTime: the one-second buckets in which the first and last of its traces began."""
        return {"StartTime": float(int(self.first_s)), "EndTime": float(int(self.last_s) + 1)}


def outcome(entity: Document) -> str:
    """`throttle`, `fault`, `error` or `ok`: the first that is true."""
    return next((name for name in ("throttle", "fault", "error") if entity.get(name) is True), "ok")
