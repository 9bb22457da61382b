"""Lines by time and level, for the picture above the list."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from console.logs.lines import Line

COLUMNS = 60
LEVELS = (("fault", ("ERROR", "CRITICAL")), ("error", ("WARNING",)), ("ok", ()))  # colours, the worst first


@dataclass(frozen=True, slots=True)
class Column:
    """The lines of a part of the time axis; places and lengths in percent of the picture."""

    x: float
    width: float
    parts: list[tuple[str, float, float, int]]  # colour, y, height, lines


def columns(lines: Sequence[Line], start_s: float, end_s: float) -> list[Column]:
    """Return the columns that have lines."""
    length_s = max(1e-6, end_s - start_s)
    counts: dict[int, Counter[str]] = {}
    for line in lines:
        number = min(COLUMNS - 1, max(0, int(COLUMNS * (line.time_s - start_s) / length_s)))
        counts.setdefault(number, Counter())[_colour(line.level)] += 1
    highest = max((sum(column.values()) for column in counts.values()), default=1)
    width = 100 / COLUMNS
    return [Column(number * width, width, _parts(counts[number], highest)) for number in sorted(counts)]


def _parts(counts: Counter[str], highest: int) -> list[tuple[str, float, float, int]]:
    parts, below = [], 100.0
    for colour, _ in LEVELS:
        if counts[colour]:
            height = 100 * counts[colour] / highest
            below -= height
            parts.append((colour, below, height, counts[colour]))
    return parts


def _colour(level: str) -> str:
    return next((colour for colour, levels in LEVELS if level in levels), "ok")
