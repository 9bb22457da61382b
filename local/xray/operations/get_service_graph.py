"""GetServiceGraph: the services of a range of time, and who called whom."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.service_graph import graph_of
from local.xray.time_ranges import range_of


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph of every trace that began in the range."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    group = request.get("GroupName") or (request.get("GroupARN") or "").split("/")[-2:-1]
    if group and group not in ("Default", ["Default"]):
        raise InvalidRequestException("Group not found.")
    start_s, end_s = range_of(request)
    counts, spans = backend.store.graph(start_s, end_s)
    return {
        "StartTime": start_s,
        "EndTime": end_s,
        "Services": graph_of(counts, spans),
        "ContainsOldGroupVersions": False,
    }
