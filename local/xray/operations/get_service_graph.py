"""GetServiceGraph: the services that were called in a time range, and the calls between them."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.filters.expressions import EVERYTHING
from local.xray.service_graph import service_graph, services
from local.xray.time_ranges import time_range


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph of all traces that began in the range, or of those of a group."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    expression = backend.groups.requested_expression(request)
    start_s, end_s = time_range(request)
    if expression == EVERYTHING:
        graph = services(*backend.store.reader.graph_counts(start_s, end_s))
    else:
        graph = service_graph(backend.search.traces(expression, start_s, end_s))
    return {"StartTime": start_s, "EndTime": end_s, "Services": graph, "ContainsOldGroupVersions": False}
