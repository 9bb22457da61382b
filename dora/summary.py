"""Mean, median and the 90th percentile of what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Summary:
    """Of `n` values, all in one unit."""

    n: int
    mean: float
    median: float
    p90: float

    def of(self, headline: str) -> float:
        """The one that stands first: median or mean."""
        return self.mean if headline == "mean" else self.median


def summarise(values: Sequence[float]) -> Summary | None:
    """None of nothing. p90 is the least value that nine of ten do not exceed."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    middle = n // 2
    median = ordered[middle] if n % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Summary(n, sum(ordered) / n, median, ordered[ceil(n * 0.9) - 1])
