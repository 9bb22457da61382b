"""A histogram of response times, for a picture of which a brushed range becomes a filter expression."""

from collections.abc import Sequence
from dataclasses import dataclass

BARS = 30
PERCENTILES = (50, 95, 99)
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


def histogram(measured: Sequence[tuple[float, int]]) -> Histogram | None:
    """Sort (seconds, requests), fastest first, into bars of equal width; None without requests."""
    if not measured:
        return None
    start, end = measured[0][0] * 1000 - HALF_MS, measured[-1][0] * 1000 + HALF_MS
    step = (end - start) / BARS
    counts = [0] * BARS
    for seconds, count in measured:
        counts[min(BARS - 1, int((seconds * 1000 - start) / step))] += count
    highest = max(counts)
    bars = [
        Bar(
            start + n * step, start + (n + 1) * step, count, 100 * n / BARS, 100 / BARS, 100 * count / highest
        )
        for n, count in enumerate(counts)
    ]
    percentiles = {f"p{share}": _percentile(measured, share) * 1000 for share in PERCENTILES}
    return Histogram(bars, start, start + BARS * step, percentiles)


def _percentile(measured: Sequence[tuple[float, int]], share: int) -> float:
    """The least response time that `share` percent of the requests do not exceed."""
    rank, total = sum(count for _, count in measured) * share / 100, 0
    for seconds, count in measured:
        total += count
        if total >= rank:
            return seconds
    return measured[-1][0]
