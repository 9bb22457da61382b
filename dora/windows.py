"""Half-open stretches of time in UTC: the start belongs to a window, the end to the next."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

from dora.errors import InputError

T = TypeVar("T")
DAY_S = 86400
DURATIONS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
UNITS_S = {"h": 3600, "d": DAY_S, "w": 7 * DAY_S}
EARLIEST, LATEST = 0.0, 253_402_300_799.0  # 1970 and the end of 9999: what can be written as a date
NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
EXPECTED = "expected UTC such as 2026-11-23T15:04:05Z, or epoch seconds"


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in epoch seconds."""

    start: float
    end: float

    @property
    def days(self) -> float:
        """Its length."""
        return (self.end - self.start) / DAY_S

    @property
    def length(self) -> str:
        """In words."""
        if self.days == 1:
            return "1 day"
        return f"{self.days:g} days" if self.days > 1 else f"{self.days * 24:.3g} hours"

    def cut(self, ordered: Sequence[T], key: Callable[[T], float]) -> Sequence[T]:
        """What of a sequence that is sorted by `key` lies in the window."""
        return ordered[bisect_left(ordered, self.start, key=key) : bisect_left(ordered, self.end, key=key)]

    def split(self, parts: int) -> list["Window"]:
        """Windows of equal length without gap or overlap."""
        edges = [self.start + (self.end - self.start) * n / parts for n in range(parts)] + [self.end]
        return [Window(*pair) for pair in pairwise(edges)]

    def weeks(self) -> list["Window"]:
        """The whole weeks in it, counted back from its end, oldest first."""
        week_s, count = 7 * DAY_S, int(self.days // 7)
        return [Window(self.end - (n + 1) * week_s, self.end - n * week_s) for n in reversed(range(count))]

    def stretches(self) -> list["Window"]:
        """What a trend is drawn of: hours of a short window, days of a longer one, at most 26 weeks."""
        if self.days < 2:
            return self.split(12)
        return self.split(min(26, round(self.days if self.days <= 14 else self.days / 7)))

    def words(self) -> str:
        """As a person says it."""
        return f"{utc(self.start)} to {utc(self.end)} ({self.length}, the end not included)"


def window(since: str, until: str, now: float) -> Window:
    """From --since and --until; raises InputError naming the option."""
    end = now if until in ("", "now") else _given("--until", until)
    length = re.fullmatch(r"(\d{1,5})([hdw])", since)
    start = end - int(length[1]) * UNITS_S[length[2]] if length else _given("--since", since)
    if not EARLIEST <= start < end:
        raise InputError(
            f"--since {since} --until {until or 'now'}: expected a begin before the end, and after 1970"
        )
    return Window(start, end)


def instant(text: str) -> float:
    """Epoch seconds of an instant with its zone; raises ValueError saying what was expected."""
    text = text.strip()
    if text[4:5] == "-" or not NUMBER.fullmatch(text):
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(EXPECTED) from None
        if when.tzinfo is None:
            raise ValueError(f"{EXPECTED}; it has no time zone")
        at = when.timestamp()
    else:
        at = float(text)
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"{EXPECTED}, between 1970 and 9999")
    return at


def duration(seconds: float) -> str:
    """In the largest unit of which there is at least one."""
    for length, unit in DURATIONS:
        if abs(seconds) >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def utc(at: float) -> str:
    """An instant to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _given(option: str, text: str) -> float:
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    try:
        return instant(f"{text}T00:00:00Z" if is_day else text)
    except ValueError as error:
        raise InputError(
            f"{option} {text!r}: {error}; or a length such as 30d, 12h, 4w for --since"
        ) from None
