"""The time range of a request, and the ranges that the service refuses."""

import math
from typing import Any

from local.awsapi.errors import InvalidRequestException

LONGEST_S = 6 * 3600


def time_range(request: dict[str, Any]) -> tuple[float, float]:
    """The range [start, end) of StartTime and EndTime, epoch seconds. Raises InvalidRequestException.

    Both ends count in whole seconds, as trace ids carry them: what began a moment ago is within "until now".
    """
    start_s, end_s = float(request["StartTime"]), float(request["EndTime"])
    if end_s < start_s:
        raise InvalidRequestException("End time cannot be earlier than start time")
    if end_s - start_s > LONGEST_S:
        raise InvalidRequestException("Time range cannot be longer than 6 hours")
    return float(math.floor(start_s)), float(math.floor(end_s) + 1)
