"""Response times in at most thirty bars of equal width, for a picture whose brushed part becomes a filter."""

from collections.abc import Sequence
from dataclasses import dataclass

BARS = 30
HALF_MS = 0.5  # X-Ray rounds to a millisecond; a filter looks at the exact time


@dataclass(frozen=True, slots=True)
class Bar:
    """Requests that took from `start_ms` to `end_ms`; `x`, `width`, `height` in percent of the picture."""

    start_ms: float
    end_ms: float
    count: int
    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """The bars, where their axis begins and ends (ms), and three percentiles (ms)."""

    bars: list[Bar]
    start_ms: float
    end_ms: float
    percentiles: dict[str, float]


def histogram(counted: Sequence[tuple[float, int]]) -> Histogram | None:
    """Bars of (seconds, count), sorted by seconds; None without any."""
    if not counted:
        return None
    start, end = counted[0][0] * 1000 - HALF_MS, counted[-1][0] * 1000 + HALF_MS
    step = (end - start) / BARS
    counts = [0] * BARS
    for seconds, count in counted:
        counts[min(BARS - 1, int((seconds * 1000 - start) / step))] += count
    highest = max(counts)
    bars = [
        Bar(
            start + n * step, start + (n + 1) * step, count, 100 * n / BARS, 100 / BARS, 100 * count / highest
        )
        for n, count in enumerate(counts)
    ]
    found = {f"p{share}": _percentile(counted, share) * 1000 for share in (50, 95, 99)}
    return Histogram(bars, start, start + BARS * step, found)


def _percentile(counted: Sequence[tuple[float, int]], share: int) -> float:
    """The least value that `share` percent do not exceed."""
    wanted, seen = sum(count for _, count in counted) * share / 100, 0
    for value, count in counted:
        seen += count
        if seen >= wanted:
            return value
    return counted[-1][0]
