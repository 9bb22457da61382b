"""Mean, median and 90th percentile of a list of values."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Summary:
    """The statistics of `n` values, in the values' unit."""

    n: int
    mean: float
    median: float
    p90: float

    def of(self, headline: str) -> float:
        """The statistic that is reported first: "median" or "mean"."""
        return self.mean if headline == "mean" else self.median


def summarise(values: Sequence[float]) -> Summary | None:
    """The statistics of some values; None of none. p90 is the least value that nine in ten don't exceed."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    middle = n // 2
    median = ordered[middle] if n % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Summary(n, sum(ordered) / n, median, ordered[ceil(n * 0.9) - 1])
