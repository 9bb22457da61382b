"""GetServiceGraph: the services of a range of time, and who called whom."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.service_graph import graph_of

MAX_RANGE_S = 6 * 3600


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph of every trace that began in the range."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    group = request.get("GroupName") or (request.get("GroupARN") or "").split("/")[-2:-1]
    if group and group not in ("Default", ["Default"]):
        raise InvalidRequestException("Group not found.")
    start_s, end_s = request["StartTime"], request["EndTime"]
    if end_s < start_s:
        raise InvalidRequestException("End time cannot be earlier than start time")
    if end_s - start_s > MAX_RANGE_S:
        raise InvalidRequestException("Time range cannot be longer than 6 hours")
    counts, spans = backend.store.graph(start_s, end_s)
    return {
        "StartTime": start_s,
        "EndTime": end_s,
        "Services": graph_of(counts, spans),
        "ContainsOldGroupVersions": False,
    }
