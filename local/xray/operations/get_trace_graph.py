"""GetTraceGraph: the service graph of one trace."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import TRACE_ID
from local.xray.service_graph import trace_graph


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph of the trace with the one given id; AWS refuses more than one."""
    trace_ids = request["TraceIds"]
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    if not trace_ids:
        raise InvalidRequestException("Zero trace ids provided")
    if len(trace_ids) > 1:
        raise InvalidRequestException("Currently only one trace Id is supported")
    if not TRACE_ID.fullmatch(trace_ids[0]):
        raise InvalidRequestException("Invalid traceId. ErrorCode: InvalidId")
    traces = backend.traces([trace_ids[0].lower()])
    if not traces:
        raise InvalidRequestException("Trace id not found")
    return {"Services": trace_graph(traces), "NextToken": None}
