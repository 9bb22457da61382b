"""Instants as epoch seconds: read from text, written as UTC, and lengths of time in words."""

import re
from datetime import UTC, datetime

DAY_S = 86400
DURATION_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
EARLIEST, LATEST = 0.0, 253_402_300_799.0  # 1970 and the end of 9999: what can be written as a date
NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
MILLISECONDS_FROM = 1e11  # as epoch seconds it is the year 5138, as milliseconds 1973
EXPECTED = "expected UTC such as 2026-11-23T15:04:05Z, or epoch seconds"


def instant(text: str, *, is_utc: bool = False) -> float:
    """Epoch seconds of an ISO 8601 instant with its time zone, or of epoch seconds or milliseconds.

    With `is_utc` an instant without a zone is UTC. Raises ValueError that says what was expected."""
    text = text.strip()
    if text.endswith(" UTC"):  # as BigQuery exports it
        text = f"{text[:-4]}Z"
    if text[4:5] == "-" or not NUMBER.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(EXPECTED) from None
        if moment.tzinfo is None:
            if not is_utc:
                raise ValueError(f"{EXPECTED}; it has no time zone")
            moment = moment.replace(tzinfo=UTC)
        epoch_s = moment.timestamp()
    else:
        epoch_s = float(text)
        if epoch_s >= MILLISECONDS_FROM:
            epoch_s /= 1000
    if not EARLIEST <= epoch_s <= LATEST:
        raise ValueError(f"{EXPECTED}, between 1970 and 9999")
    return epoch_s


def duration(seconds: float) -> str:
    """A length of time in the largest unit of which it has at least one: `5.0 min`."""
    for length, unit in DURATION_UNITS:
        if abs(seconds) >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def utc(epoch_s: float) -> str:
    """An instant as ISO 8601 in UTC, to the second: `2026-11-23T15:04:05Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
