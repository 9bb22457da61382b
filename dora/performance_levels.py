"""DORA's published performance levels beside a figure: for orientation, never one grade for everything.

The levels are clusters of a survey's answers, not limits; the score is that of DORA's quick check:
https://dora.dev/quickcheck/
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, METRICS, RECOVERY, REWORK_RATE, Figure

YEAR = 2024
SOURCE = "Accelerate State of DevOps 2024"
CAVEAT = f"for orientation: clusters of a survey's answers ({SOURCE}), not limits"
INDUSTRY_SOURCE = "DORA quick check, industry means of 2025"
HOUR_S, DAY_S, WEEK_S, MONTH_S = 3600.0, 86400.0, 7 * 86400.0, 30 * 86400.0
TABLE = {  # elite, high, medium, low
    LEAD_TIME: ("< 1 day", "1 day to 1 week", "1 week to 1 month", "1 to 6 months"),
    FREQUENCY: ("on demand", "once a day to once a week", "once a week to once a month", "1 to 6 months"),
    FAIL_RATE: ("5 %", "20 %", "10 %", "40 %"),
    RECOVERY: ("< 1 hour", "< 1 day", "< 1 day", "1 week to 1 month"),
}
INDUSTRY = {LEAD_TIME: 5.5, FREQUENCY: 4.8, RECOVERY: 7.4, FAIL_RATE: 8.1, REWORK_RATE: 7.8}
FAIL_CLUSTERS = {"elite": 0.05, "medium": 0.10, "high": 0.20, "low": 0.40}
# the quick check's answers, the slowest first; each bound in seconds
CHOICES_S = (6 * MONTH_S, MONTH_S, WEEK_S, DAY_S, HOUR_S)


@dataclass(frozen=True, slots=True)
class Orientation:
    """A metric's level, or "" where none fits, and the quick check's score from 0 to 10."""

    metric: str
    cluster: str
    score: float | None
    industry: float


def orient(figures: Mapping[str, Figure]) -> dict[str, Orientation]:
    """The level and score of each of a service's five figures."""
    return {
        name: Orientation(name, _cluster(figures[name]), score(figures[name]), INDUSTRY[name])
        for name in METRICS
    }


def mean_score(figures: Mapping[str, Figure]) -> float | None:
    """The quick check's mean score of the five metrics; None where one of them has no value."""
    scores = [points for name in METRICS if (points := score(figures[name])) is not None]
    return sum(scores) / len(scores) if len(scores) == len(METRICS) else None


def score(figure: Figure) -> float | None:
    """The quick check's score (answers 1 to 6 become 0 to 10, p percent 10 - p/10); None without a value."""
    if figure.value is None or not figure.gradable:
        return None
    if figure.name in (FAIL_RATE, REWORK_RATE):
        return 10 - figure.value * 10
    # a rate of one a day is an interval of a day: the answers are the same ranges
    interval = 86400 / figure.value if figure.name == FREQUENCY else figure.value
    return (choice(interval) - 1) * 2.0


def choice(seconds: float) -> int:
    """The quick check's answer from 1 (more than six months) to 6 (less than an hour).

    Whether a team could deploy on demand, no log tells."""
    return 1 + sum(seconds < bound if bound in (DAY_S, HOUR_S) else seconds <= bound for bound in CHOICES_S)


def _cluster(figure: Figure) -> str:
    value = figure.value
    if value is None or figure.name not in TABLE or not figure.gradable:
        return ""
    if figure.name == FAIL_RATE:
        least = min(abs(value - centre) for centre in FAIL_CLUSTERS.values())
        near = [name for name, centre in FAIL_CLUSTERS.items() if abs(abs(value - centre) - least) < 1e-9]
        return " or ".join(near)
    if figure.name == RECOVERY:
        if value >= DAY_S:
            return "low" if WEEK_S <= value <= MONTH_S else ""
        return "elite" if value < HOUR_S else "high or medium"
    interval = 86400 / value if figure.name == FREQUENCY else value
    bounds = ((DAY_S, "elite"), (WEEK_S, "high"), (MONTH_S, "medium"), (6 * MONTH_S, "low"))
    return next((name for bound, name in bounds if interval < bound), "")
