"""The time range of a request, and the ranges that the service refuses."""

from typing import Any

from local.awsapi.errors import InvalidRequestException

LONGEST_S = 6 * 3600


def time_range(request: dict[str, Any]) -> tuple[float, float]:
    """StartTime and EndTime in epoch seconds. Raises InvalidRequestException."""
    start_s, end_s = float(request["StartTime"]), float(request["EndTime"])
    if end_s < start_s:
        raise InvalidRequestException("End time cannot be earlier than start time")
    if end_s - start_s > LONGEST_S:
        raise InvalidRequestException("Time range cannot be longer than 6 hours")
    return start_s, end_s
