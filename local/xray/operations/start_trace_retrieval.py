"""StartTraceRetrieval."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import normalized_trace_id

MAX_TRACES = 100


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A token with which the traces can be listed."""
    texts = request["TraceIds"]
    if not 1 <= len(texts) <= MAX_TRACES:
        raise InvalidRequestException(f"TraceIds must have 1 to {MAX_TRACES} ids, not {len(texts)}")
    if request["EndTime"] < request["StartTime"]:
        raise InvalidRequestException("End time cannot be earlier than start time")
    trace_ids = []
    for text in texts:
        trace_id = normalized_trace_id(text)
        if trace_id is None:
            raise InvalidRequestException(f"Invalid trace id {text}: incorrect id format")
        trace_ids.append(trace_id)
    return {"RetrievalToken": backend.retrievals.start(trace_ids)}
