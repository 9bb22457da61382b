"""GetTraceGraph: the service graph of one trace."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import TRACE_ID
from local.xray.service_graph import service_graph


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Exactly one id, as the service itself takes it."""
    ids = request["TraceIds"]
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    if not ids:
        raise InvalidRequestException("Zero trace ids provided")
    if len(ids) > 1:
        raise InvalidRequestException("Currently only one trace Id is supported")
    if not TRACE_ID.fullmatch(ids[0]):
        raise InvalidRequestException("Invalid traceId. ErrorCode: InvalidId")
    found = backend.assembled(backend.store.traces([ids[0].lower()]))
    if not found:
        raise InvalidRequestException("Trace id not found")
    return {"Services": service_graph(found), "NextToken": None}
