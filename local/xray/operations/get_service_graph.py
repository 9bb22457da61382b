"""GetServiceGraph: the services of a range of time, and who called whom."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.matching import Everything
from local.xray.service_graph import graph_of, service_graph
from local.xray.time_ranges import range_of


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph of every trace that began in the range."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    group = request.get("GroupName") or request.get("GroupARN") or "Default"
    expression = backend.groups.expression(group)
    if expression is None:
        raise InvalidRequestException("Group not found.")
    start_s, end_s = range_of(request)
    if expression is Everything:
        services = graph_of(*backend.store.graph(start_s, end_s))
    else:
        services = service_graph(backend.matching((start_s, end_s), expression))
    return {
        "StartTime": start_s,
        "EndTime": end_s,
        "Services": services,
        "ContainsOldGroupVersions": False,
    }
