"""Half-open windows of time in UTC: an instant at a window's end belongs to the next window."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from dora.errors import InputError
from dora.times import DAY_S, EARLIEST, instant, utc

Element = TypeVar("Element")
UNITS_S = {"h": 3600, "d": DAY_S, "w": 7 * DAY_S}


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in epoch seconds."""

    start: float
    end: float

    @property
    def days(self) -> float:
        """The window's length in days."""
        return (self.end - self.start) / DAY_S

    @property
    def length(self) -> str:
        """The window's length in words: `30 days`, `12 hours`, `5 minutes`."""
        if self.days == 1:
            return "1 day"
        if self.days > 1:
            return f"{round(self.days, 2):g} days"
        hours = self.days * 24
        return f"{hours:.3g} hours" if hours >= 1 else f"{hours * 60:.3g} minutes"

    def cut(self, ordered: Sequence[Element], key: Callable[[Element], float]) -> Sequence[Element]:
        """The elements inside the window, of a sequence that is sorted by `key` (epoch seconds)."""
        return ordered[bisect_left(ordered, self.start, key=key) : bisect_left(ordered, self.end, key=key)]

    def split(self, parts: int) -> list["Window"]:
        """Split it into windows of equal length without gap or overlap."""
        edges = [self.start + (self.end - self.start) * n / parts for n in range(parts)] + [self.end]
        return [Window(*pair) for pair in pairwise(edges)]

    def weeks(self) -> list["Window"]:
        """The whole weeks inside the window, counted back from its end, oldest first."""
        week_s, count = 7 * DAY_S, int(self.days // 7)
        return [Window(self.end - (n + 1) * week_s, self.end - n * week_s) for n in reversed(range(count))]

    def periods(self, unit: str) -> list[tuple[str, "Window"]]:
        """The weeks ("week") or months ("month") in UTC that it touches, cut to it, each with its name."""
        periods, start = [], self.start
        while start < self.end:
            day = datetime.fromtimestamp(start, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            if unit == "week":
                name, next_day = f"{day:%G-W%V}", day + timedelta(days=7 - day.weekday())
            else:
                name, next_day = f"{day:%Y-%m}", (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            end = min(next_day.timestamp(), self.end)
            periods.append((name, Window(start, end)))
            start = end
        return periods

    def stretches(self) -> list["Window"]:
        """The parts of which a trend is drawn: hours, days or weeks, at most 26."""
        if self.days < 2:
            return self.split(12)
        return self.split(min(26, round(self.days if self.days <= 14 else self.days / 7)))

    def words(self) -> str:
        """The window in words: its two instants and its length."""
        return f"{utc(self.start)} to {utc(self.end)} ({self.length}, the end not included)"


def window(since: str, until: str, now: float) -> Window:
    """The window of --since and --until; `now` in epoch seconds. Raises InputError naming the option."""
    end = now if until in ("", "now") else _instant_of("--until", until)
    if re.fullmatch(r"\d{1,5}", since):
        raise InputError(f"--since {since}: expected a unit, such as {since}d for {since} days")
    length = re.fullmatch(r"(\d{1,5})([hdw])", since)
    start = end - int(length[1]) * UNITS_S[length[2]] if length else _instant_of("--since", since)
    if not EARLIEST <= start < end:
        raise InputError(
            f"--since {since} --until {until or 'now'}: expected a begin before the end, and after 1970"
        )
    return Window(start, end)


def _instant_of(option: str, text: str) -> float:
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    try:
        return instant(f"{text}T00:00:00Z" if is_day else text)
    except ValueError as error:
        raise InputError(
            f"{option} {text!r}: {error}; or a length such as 30d, 12h, 4w for --since"
        ) from None
