"""GetServiceGraph: the services whose segments were received in a time range, and the calls between them."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.filters.expressions import EVERYTHING
from local.xray.service_graph import count_events, services
from local.xray.time_ranges import time_range


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph of all that was received in the range, or of a group's traces.

    StartTime and EndTime are the seconds in which the first and the last of the traces began; null for none.
    """
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    expression = backend.groups.requested_expression(request)
    start_s, end_s = time_range(request)
    counts, starts = (
        backend.store.reader.graph_counts(start_s, end_s)
        if expression == EVERYTHING
        else count_events(backend.search.traces(expression, "Receipt", start_s, end_s), start_s, end_s)
    )
    seconds = [float(int(start)) for start_range in starts.values() for start in start_range]
    return {
        "StartTime": min(seconds, default=None),
        "EndTime": max(seconds, default=None),
        "Services": services(counts, starts),
        "ContainsOldGroupVersions": False,
    }
