"""ListRetrievedTraces."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import to_json
from local.xray.traces import Trace


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """All traces on one page, in the format XRAY; none when the retrieval was cancelled."""
    if request.get("TraceFormat", "XRAY") != "XRAY":
        raise InvalidRequestException("The local X-Ray has traces in the format XRAY only")
    token = request["RetrievalToken"]
    traces = [_trace(trace) for trace in backend.retrieved_traces(token)]
    return {
        "RetrievalStatus": backend.retrievals.get(token).status,
        "TraceFormat": "XRAY",
        "Traces": traces,
    }


def _trace(trace: Trace) -> dict[str, Any]:
    spans = [{"Id": document["id"], "Document": to_json(document).decode()} for document in trace.documents]
    return {"Id": trace.trace_id, "Duration": trace.duration_s, "Spans": spans}
