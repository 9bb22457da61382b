"""Figures, reasons and warnings in words, the same for the terminal, the pages and JSON."""

from collections.abc import Iterable

from dora.classification import ClassifiedDeployment
from dora.metrics import PER_DAY, SHARE, Figure
from dora.records import SAMPLE, Note
from dora.recovery import Outage
from dora.times import duration

NO_DATA = "no data"
PITFALLS = (
    "A measure that becomes a goal stops measuring: look at all five together, and at their trend in one "
    "service. Do not compare services or teams that differ; do not let measuring take improving's place."
)


def value(figure: Figure) -> str:
    """A figure's value with its unit: `25.0 %`, `1.20 a day`, `3.5 h`."""
    if figure.value is None:
        return NO_DATA
    if figure.unit == SHARE:
        return f"{figure.value * 100:.1f} %"
    if figure.unit == PER_DAY:
        if figure.value >= 100:  # in a window of an hour or two
            return f"{figure.value:.0f} a day"
        return f"{figure.value:.2f} a day" if figure.value >= 1 else f"1 in {1 / figure.value:.1f} days"
    return duration(figure.value)


def basis(figure: Figure) -> str:
    """What a figure was computed from: `1 of 4`, `n = 12`."""
    return f"{figure.numerator} of {figure.n}" if figure.numerator is not None else f"n = {figure.n}"


def spread(figure: Figure) -> str:
    """Median, mean and p90 of a figure that is a time; empty of others."""
    if not figure.summary:
        return ""
    median, mean, p90 = (
        duration(seconds) for seconds in (figure.summary.median, figure.summary.mean, figure.summary.p90)
    )
    return f"median {median}, mean {mean}, p90 {p90}"


def remarks(figure: Figure) -> str:
    """Everything that is to be said beside a figure's value, in one line."""
    return "; ".join(text for text in (figure.reason, spread(figure), *figure.remarks) if text)


def reasons(deployment: ClassifiedDeployment) -> list[str]:
    """Why a deployment failed; of a blocked one its error."""
    error = deployment.deployment.error
    return [reason.words for reason in deployment.reasons] or ([error] if error else [])


def reasons_and_repairs(deployment: ClassifiedDeployment) -> list[str]:
    """Why a deployment failed, and by which signals it counts as rework."""
    inferred = {True: " (inferred)", False: ""}
    repairs = [
        f"rework{inferred[signal.is_inferred]}: {signal.kind} {signal.by}" for signal in deployment.rework
    ]
    return reasons(deployment) + repairs


def end_of_outage(outage: Outage) -> str:
    """How long an outage lasted and what ended it."""
    if not outage.recovery:
        return "not over"
    return f"{duration(outage.seconds)}: {outage.recovery.how}"


def age(outage: Outage, at: float) -> str:
    """How long an open outage has lasted at an instant."""
    return duration(max(0.0, at - outage.began_at))


def made_up(notes: Iterable[Note]) -> str:
    """The warning that belongs to the sample that comes with the package; empty for anything else."""
    return next((f"Sample: {note.reason}." for note in notes if note.source == SAMPLE), "")


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 note`, `2 notes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def scale(scales: tuple[float, ...]) -> str:
    """The warning that belongs to a history whose time was scaled; empty where time was real."""
    if not scales:
        return ""
    warnings = [
        f"time scale {factor:g}: five minutes passed in {duration(300 / factor)}" for factor in scales
    ]
    return "; ".join([*warnings, "figures are as measured"])
