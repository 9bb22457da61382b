"""GetTimeSeriesServiceStatistics: how the shop, a service or an edge did over time."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.time_ranges import range_of
from local.xray.time_series import PERIODS_S, series


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Without a selector: the client's edge to the root."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    period_s = request.get("Period", PERIODS_S[0])
    if period_s not in PERIODS_S:
        raise InvalidRequestException(f"Time period must be one of {list(PERIODS_S)}")
    start_s, end_s = range_of(request)
    received = backend.store.received(start_s, end_s)
    return {
        "TimeSeriesServiceStatistics": series(
            received, period_s, lambda event: event.place.kind == "entry", of_edge=True
        ),
        "ContainsOldGroupVersions": False,
        "NextToken": None,
    }
