"""The time range that a page shows: the last minutes or hours, or from one instant to another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor

from console.shared.errors import BadInput

UNITS_S = {"s": 1, "m": 60, "h": 3600}
CHOICES = ("1m", "5m", "15m", "1h", "6h")
LONGEST_S = 6 * 3600  # X-Ray's own bound on a request's time range


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range in epoch seconds; `arguments` are those of the page's address, for links to the same range."""

    start_s: float
    end_s: float
    arguments: dict[str, str]

    @property
    def minutes(self) -> float:
        """The range's length in minutes."""
        return (self.end_s - self.start_s) / 60

    @property
    def is_live(self) -> bool:
        """Whether the range ends now, so that a page over it refreshes itself."""
        return "end" not in self.arguments

    @property
    def live_range(self) -> str:
        """The range of which a pause is one moment, or "" where the range was chosen as it is."""
        return self.arguments.get("paused", "")

    def whole_seconds(self) -> tuple[int, int]:
        """Return start and end in whole seconds, as boto3 sends them, never longer than X-Ray's bound."""
        end_s = ceil(self.end_s)
        return max(floor(self.start_s), end_s - LONGEST_S), end_s

    def words(self) -> str:
        """Return the range as a page words it: "last 15m" or "… to …"."""
        if self.is_live:
            return f"last {self.arguments['range']}"
        return f"time from {_short(self.start_s)} to {_short(self.end_s)} UTC"


def time_range(arguments: Mapping[str, str], now_s: float, default: str = "15m") -> TimeRange:
    """Read `range=15m`, or `start` and `end` in ISO 8601 or epoch seconds; raises BadInput."""
    if arguments.get("start") or arguments.get("end"):
        start_s, end_s = _instant("start", arguments), _instant("end", arguments)
        if not 0 < end_s - start_s <= LONGEST_S:
            raise BadInput("start, end: expected a start before the end, at most 6 hours apart")
        paused = {"paused": arguments["paused"]} if arguments.get("paused") in CHOICES else {}
        return TimeRange(start_s, end_s, {"start": arguments["start"], "end": arguments["end"]} | paused)
    text = arguments.get("range") or default
    match = re.fullmatch(r"(\d{1,5})(s|m|h)", text)
    length_s = int(match[1]) * UNITS_S[match[2]] if match else 0
    if not 0 < length_s <= LONGEST_S:
        raise BadInput(f"range={text!r}: expected a number with s, m or h, at most 6h, such as 15m")
    return TimeRange(now_s - length_s, now_s, {"range": text})


def between(start_s: float, end_s: float) -> dict[str, str]:
    """Return the address arguments of a range in epoch seconds; of one longer than 6 hours, of its end."""
    return {"start": iso(max(start_s, end_s - LONGEST_S + 1)), "end": iso(end_s)}


def iso(epoch_s: float) -> str:
    """Return an instant in ISO 8601, in UTC and to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(epoch_s: float) -> str:
    """Return the time of day in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%H:%M:%S.%f")[:-3]


def age(epoch_s: float, now_s: float) -> str:
    """Return how long ago an instant was, in one unit: "3 m ago"."""
    seconds = max(0.0, now_s - epoch_s)
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _short(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%m-%d %H:%M:%S")


def _in_utc(text: str) -> datetime:
    """An instant in ISO 8601; without an offset it is in UTC, as all pages write times."""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _instant(name: str, arguments: Mapping[str, str]) -> float:
    text = arguments.get(name, "")
    try:
        when = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else _in_utc(text).timestamp()
        datetime.fromtimestamp(when, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"{name}={text!r}: expected an instant such as 2026-11-23T15:04:05Z") from None
    return when
