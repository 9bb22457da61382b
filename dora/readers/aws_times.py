"""Instants as AWS writes them: ISO 8601, epoch seconds, or the datetime that boto3 makes of either."""

from datetime import UTC, datetime
from typing import Any

from dora.times import instant


def seconds(value: Any) -> float:
    """Epoch seconds of an instant. Raises ValueError that says what was expected."""
    if isinstance(value, datetime):
        return value.timestamp() if value.tzinfo else value.replace(tzinfo=UTC).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no instant")
    text = str(value)
    # CloudWatch writes an offset without a colon, some of EventBridge's samples write nine decimals
    return instant(text[:-2] + ":" + text[-2:] if text[-5:-4] in "+-" and text[-4:].isdigit() else text)


def optional_seconds(value: Any) -> float | None:
    """Epoch seconds of an instant that may be absent (None or ""), which is None."""
    return None if value in (None, "") else seconds(value)
