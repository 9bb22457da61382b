"""The range of time that a question is about, and what the service refuses."""

from typing import Any

from local.awsapi.errors import InvalidRequestException

LONGEST_S = 6 * 3600


def range_of(request: dict[str, Any]) -> tuple[float, float]:
    """StartTime and EndTime, epoch seconds; raises InvalidRequestException as the service does."""
    start_s, end_s = float(request["StartTime"]), float(request["EndTime"])
    if end_s < start_s:
        raise InvalidRequestException("End time cannot be earlier than start time")
    if end_s - start_s > LONGEST_S:
        raise InvalidRequestException("Time range cannot be longer than 6 hours")
    return start_s, end_s
