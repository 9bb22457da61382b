"""Figures and instants as a person reads them."""

from dora.metrics import PER_DAY, SHARE, Figure
from dora.windows import duration

NO_DATA = "no data"
PITFALLS = (
    "A measure that becomes a goal stops measuring: look at all five together, and at their trend in one "
    "service. Do not compare services or teams that differ; do not let measuring take improving's place."
)


def value(figure: Figure) -> str:
    """The headline, with its unit."""
    if figure.value is None:
        return NO_DATA
    if figure.unit == SHARE:
        return f"{figure.value * 100:.1f} %"
    if figure.unit == PER_DAY:
        if figure.value >= 100:  # of a stretch of an hour or two
            return f"{figure.value:.0f} a day"
        return f"{figure.value:.2f} a day" if figure.value >= 1 else f"1 in {1 / figure.value:.1f} days"
    return duration(figure.value)


def basis(figure: Figure) -> str:
    """What it was computed from: `1 of 4`, `n = 12`."""
    return f"{figure.numerator} of {figure.n}" if figure.numerator is not None else f"n = {figure.n}"


def spread(figure: Figure) -> str:
    """Median, mean and p90, where there are any."""
    if not figure.summary:
        return ""
    one = figure.summary
    return f"median {duration(one.median)}, mean {duration(one.mean)}, p90 {duration(one.p90)}"


def scale(scales: tuple[float, ...]) -> str:
    """The warning that a hurried history carries; empty where time was real."""
    if not scales:
        return ""
    said = [f"time scale {one:g}: five minutes passed in {duration(300 / one)}" for one in scales]
    return "; ".join([*said, "figures are as measured"])
