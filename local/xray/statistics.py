"""Statistics of a node or an edge of the service graph. Each request counts once, by its status."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from local.xray.status import PENDING, STATUSES


@dataclass(slots=True)
class Statistics:
    """Counts by status and a histogram of 1 ms, which AWS approximates above about a hundred values."""

    counts: Counter[str] = field(default_factory=Counter)
    histogram_ms: Counter[int] = field(default_factory=Counter)
    first_s: float = float("inf")
    last_s: float = float("-inf")

    def add(self, status: int, took_ms: int, times: int = 1) -> None:
        """Count a request. `status` is an index into STATUSES; PENDING counts nothing."""
        if status != PENDING:
            self.counts[STATUSES[status]] += times
            self.histogram_ms[took_ms] += times

    def extend(self, first_s: float, last_s: float) -> None:
        """Extend the range of time in which its traces began, in epoch seconds."""
        self.first_s, self.last_s = min(self.first_s, first_s), max(self.last_s, last_s)

    def summary(self) -> dict[str, Any]:
        """SummaryStatistics. Throttled requests are part of ErrorStatistics."""
        throttles, errors, faults = self.counts["throttle"], self.counts["error"], self.counts["fault"]
        return {
            "OkCount": self.counts["ok"],
            "ErrorStatistics": {
                "ThrottleCount": throttles,
                "OtherCount": errors,
                "TotalCount": throttles + errors,
            },
            "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
            "TotalCount": self.counts.total(),
            "TotalResponseTime": sum(ms * count for ms, count in self.histogram_ms.items()) / 1000,
        }

    def histogram(self) -> list[dict[str, Any]]:
        """HistogramEntries, in seconds, sorted by value."""
        return [{"Value": ms / 1000, "Count": count} for ms, count in sorted(self.histogram_ms.items())]

    def times(self) -> dict[str, float | None]:
        """StartTime and EndTime: the buckets of one second in which the first and the last trace began.

        Null in the graph of a trace.
        """
        if self.first_s > self.last_s:
            return {"StartTime": None, "EndTime": None}
        return {"StartTime": float(int(self.first_s)), "EndTime": float(int(self.last_s) + 1)}
