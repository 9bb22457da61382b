"""The trend line of a DORA metric: one point for each part of the window."""

from collections.abc import Sequence
from dataclasses import dataclass

from dora import formatting
from dora.metrics import PER_DAY, Figure
from dora.times import utc
from dora.windows import Window

WIDTH, HEIGHT, EDGE = 300.0, 56.0, 5.0


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
