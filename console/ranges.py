"""The stretch of time that a page shows: the last so many minutes, or from one instant to another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from console.errors import BadInput

UNITS_S = {"s": 1, "m": 60, "h": 3600}
CHOICES = ("1m", "5m", "15m", "1h", "6h")
LONGEST_S = 6 * 3600  # X-Ray's own bound on a question


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Epoch seconds from `start_s` to `end_s`; `asked` is what the address said, for links."""

    start_s: float
    end_s: float
    asked: dict[str, str]

    @property
    def minutes(self) -> float:
        """Its length."""
        return (self.end_s - self.start_s) / 60

    @property
    def is_live(self) -> bool:
        """Whether it ends now, and so moves on."""
        return "end" not in self.asked

    def words(self) -> str:
        """As a person says it."""
        return (
            f"last {self.asked['range']}" if self.is_live else f"{self.asked['start']} to {self.asked['end']}"
        )


def time_range(arguments: Mapping[str, str], now_s: float, default: str = "15m") -> TimeRange:
    """Read `range=15m`, or `start` and `end` in ISO 8601 or epoch seconds; raises BadInput."""
    if arguments.get("start") or arguments.get("end"):
        start_s, end_s = _instant("start", arguments), _instant("end", arguments)
        if not 0 < end_s - start_s <= LONGEST_S:
            raise BadInput("start, end: expected a start before the end, at most 6 hours apart")
        return TimeRange(start_s, end_s, {"start": arguments["start"], "end": arguments["end"]})
    asked = arguments.get("range") or default
    found = re.fullmatch(r"(\d{1,5})(s|m|h)", asked)
    length_s = int(found[1]) * UNITS_S[found[2]] if found else 0
    if not 0 < length_s <= LONGEST_S:
        raise BadInput(f"range={asked!r}: expected a number with s, m or h, at most 6h, such as 15m")
    return TimeRange(now_s - length_s, now_s, {"range": asked})


def between(start_s: float, end_s: float) -> dict[str, str]:
    """The arguments of an address that means a stretch; of one that is too long, its end."""
    return {"start": iso(max(start_s, end_s - LONGEST_S + 1)), "end": iso(end_s)}


def iso(epoch_s: float) -> str:
    """An instant as an address carries it: UTC to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(epoch_s: float) -> str:
    """The time of day in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%H:%M:%S.%f")[:-3]


def age(epoch_s: float, now_s: float) -> str:
    """How long ago, in one unit."""
    seconds = max(0.0, now_s - epoch_s)
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _instant(name: str, arguments: Mapping[str, str]) -> float:
    text = arguments.get(name, "")
    try:
        when = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else datetime.fromisoformat(text).timestamp()
        datetime.fromtimestamp(when, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"{name}={text!r}: expected an instant such as 2026-11-23T15:04:05Z") from None
    return when
