"""The pictures of a report as places: a service's deployments along time, and the trend of a metric."""

from collections.abc import Sequence
from dataclasses import dataclass

from dora import formatting
from dora.classification import BLOCKED, FAILED, OK, UNKNOWN, ClassifiedDeployment
from dora.metrics import PER_DAY, Figure, ServiceMetrics
from dora.times import DAY_S, utc
from dora.windows import Window

MOST_MARKS = 300
LANES = (OK, FAILED, BLOCKED, UNKNOWN)
LEAST_WIDTH = 0.3  # of an outage, in percent, so that a short one shows
WIDTH, HEIGHT, EDGE = 300.0, 56.0, 5.0  # of a trend, in the units of its SVG


@dataclass(frozen=True, slots=True)
class Mark:
    """A deployment and its place in the window, in percent."""

    percent: float
    classified: ClassifiedDeployment


@dataclass(frozen=True, slots=True)
class Lane:
    """The deployments of one class: how many there are, and marks of the newest."""

    kind: str
    count: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """An outage: left and width in percent of the window, and its words."""

    left: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest deployments by class, and the outages; `left_out` counts older deployments."""

    lanes: tuple[Lane, ...]
    outages: tuple[Bar, ...]
    left_out: int
    ends: tuple[str, str]  # labels of the axis


@dataclass(frozen=True, slots=True)
class Dot:
    """One part of the window: its place in the picture and its figure in words."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Trend:
    """An SVG path that breaks where a part has no data; its value axis goes from 0 to `highest`."""

    path: str
    dots: tuple[Dot, ...]
    highest: str
    words: str


def timeline(measured: ServiceMetrics) -> Timeline:
    """Place the newest deployments of the window, and every outage that reaches into it.

    The lane of failures of which nobody knows whether users saw them is there where there are any."""
    window = measured.window
    by_kind: dict[str, list[ClassifiedDeployment]] = {kind: [] for kind in LANES}
    deployments = sorted(
        (*measured.counted, *measured.blocked, *measured.unknown), key=lambda classified: classified.at
    )
    for classified in deployments:
        by_kind[classified.kind].append(classified)
    left_out = max(0, len(deployments) - MOST_MARKS)
    drawn_from = deployments[left_out].at if deployments else 0.0
    lanes = [
        Lane(
            kind,
            len(of_kind),
            tuple(
                Mark(_percent(classified.at, window), classified)
                for classified in of_kind
                if classified.at >= drawn_from
            ),
        )
        for kind, of_kind in by_kind.items()
        if of_kind or kind != UNKNOWN
    ]
    earlier = [outage for outage in measured.open_outages if outage.began_at < window.start]
    bars = []
    for outage in (*measured.outages, *earlier):
        left = _percent(outage.began_at, window)
        width = _percent(outage.recovery.at, window) - left if outage.recovery else 100 - left
        end = f"to {utc(outage.recovery.at)}" if outage.recovery else "not over"
        words = f"outage of {', '.join(outage.deployments)} from {utc(outage.began_at)}, {end}"
        bars.append(Bar(left, max(LEAST_WIDTH, width), words))
    ends = (end_label(window.start, window), end_label(window.end, window))
    return Timeline(tuple(lanes), tuple(bars), left_out, ends)


def end_label(at: float, window: Window) -> str:
    """The label of an end of the axis: its day, or its minute in a window of two days at most."""
    return utc(at)[:10] if window.end - window.start > 2 * DAY_S else f"{utc(at)[5:16].replace('T', ' ')} UTC"


def trend(figures: Sequence[tuple[Window, Figure]]) -> Trend | None:
    """Draw a metric's figures, one for each part of the window; None where no part has data."""
    known = [(window, figure) for window, figure in figures if figure.value is not None]
    if not known:
        return None
    top_window, top = max(known, key=lambda part: part[1].value or 0.0)
    path, dots, is_joined = "", list[Dot](), False
    for number, (window, figure) in enumerate(figures):
        if figure.value is None:
            is_joined = False
            continue
        x = WIDTH * (number + 0.5) / len(figures)
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * figure.value / (top.value or 1.0)
        path += f"{'L' if is_joined else 'M'}{x:.1f} {y:.1f}"
        dots.append(Dot(x, y, f"{_words(window)}: {formatting.value(figure)} ({formatting.basis(figure)})"))
        is_joined = True
    words = f"Trend of {top.name}: " + "; ".join(dot.words for dot in dots)
    return Trend(path, tuple(dots), _highest(top, top_window), words)


def _percent(at: float, window: Window) -> float:
    """The place of an instant in percent of the window, which it does not leave."""
    return min(100.0, max(0.0, 100 * (at - window.start) / max(window.end - window.start, 1e-6)))


def _words(window: Window) -> str:
    """A window in words, to the day or, of less than a day, to the minute."""
    if window.days >= 1:
        return f"{utc(window.start)[:10]} to {utc(window.end)[:10]}"
    return f"{utc(window.start)[5:16].replace('T', ' ')} to {utc(window.end)[11:16]}"


def _highest(top: Figure, window: Window) -> str:
    """The top of the value axis; of a frequency as a count, since half an hour's rate a day would mislead."""
    if not top.value:
        return ""
    return f"{top.n} in {window.length}" if top.unit == PER_DAY else formatting.value(top)
