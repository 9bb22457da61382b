"""What the page of the DORA metrics draws: a metric's trend, and deployments along time by their class."""

from collections.abc import Sequence
from dataclasses import dataclass

from dora import formatting
from dora.classification import ClassifiedDeployment
from dora.metrics import PER_DAY, Figure, ServiceMetrics
from dora.times import DAY_S, utc
from dora.windows import Window

WIDTH, HEIGHT, EDGE = 300.0, 56.0, 5.0
MOST_MARKS = 300
LANES = ("ok", "failed", "blocked")


@dataclass(frozen=True, slots=True)
class Dot:
    """One stretch of the window; places in the picture, and what it says."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A line that breaks where a stretch has no data, from 0 at its foot to `highest`."""

    path: str
    dots: tuple[Dot, ...]
    highest: str
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A deployment at a place of the window, in percent."""

    percent: float
    judged: ClassifiedDeployment


@dataclass(frozen=True, slots=True)
class Bar:
    """An outage in percent of the window."""

    left: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A service's deployments by class, and its outages; `left_out` are older than those that are drawn."""

    lanes: dict[str, list[Mark]]
    outages: list[Bar]
    left_out: int


def trend(points: Sequence[tuple[Window, Figure]]) -> Trend | None:
    """None where no stretch of the window has data."""
    known = [(window, figure) for window, figure in points if figure.value is not None]
    if not known:
        return None
    widest, top = max(known, key=lambda pair: pair[1].value or 0.0)
    path, dots, is_joined = "", list[Dot](), False
    for number, (window, figure) in enumerate(points):
        if figure.value is None:
            is_joined = False
            continue
        x = WIDTH * (number + 0.5) / len(points)
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * figure.value / (top.value or 1.0)
        path += f"{'L' if is_joined else 'M'}{x:.1f} {y:.1f}"
        dots.append(Dot(x, y, f"{span(window)}: {formatting.value(figure)} ({formatting.basis(figure)})"))
        is_joined = True
    words = f"Trend of {top.name}: " + "; ".join(dot.words for dot in dots)
    return Trend(path, tuple(dots), _height(top, widest), words)


def picture(measured: ServiceMetrics) -> Picture:
    """The newest deployments of the window, and every outage that reaches into it."""
    window = measured.window
    found = sorted((*measured.counted, *measured.blocked), key=lambda judged: judged.at)
    lanes: dict[str, list[Mark]] = {name: [] for name in LANES}
    for judged in found[-MOST_MARKS:]:
        lanes[judged.kind].append(Mark(_percent(judged.at, window), judged))
    bars = []
    for outage in (*measured.outages, *(one for one in measured.open_outages if one.began_at < window.start)):
        left = _percent(outage.began_at, window)
        right = _percent(outage.recovery.at if outage.recovery else window.end, window)
        end = f"to {utc(outage.recovery.at)}" if outage.recovery else "not over"
        words = f"outage of {', '.join(outage.deployments)} from {utc(outage.began_at)}, {end}"
        bars.append(Bar(left, max(0.3, right - left), words))
    return Picture(lanes, bars, max(0, len(found) - MOST_MARKS))


def span(window: Window) -> str:
    """A stretch in words, to the day or the minute."""
    if window.days >= 1:
        return f"{utc(window.start)[:10]} to {utc(window.end)[:10]}"
    return f"{utc(window.start)[5:16].replace('T', ' ')} to {utc(window.end)[11:16]}"


def edge(at: float, window: Window) -> str:
    """An end of the axis."""
    return utc(at)[:10] if window.end - window.start > 2 * DAY_S else f"{utc(at)[5:16].replace('T', ' ')} UTC"


def _height(top: Figure, stretch: Window) -> str:
    """What the line's highest point says; a rate a day of half an hour would say nothing."""
    if not top.value:
        return ""
    return f"{top.n} in {stretch.length}" if top.unit == PER_DAY else formatting.value(top)


def _percent(at: float, window: Window) -> float:
    return min(100.0, max(0.0, 100 * (at - window.start) / (window.end - window.start)))
