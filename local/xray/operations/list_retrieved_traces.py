"""ListRetrievedTraces."""

from typing import Any

import orjson

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The traces in X-Ray's format, all on one page."""
    if request.get("TraceFormat", "XRAY") != "XRAY":
        raise InvalidRequestException("The local X-Ray has traces in the format XRAY only")
    retrieval = backend.retrievals.find(request["RetrievalToken"])
    found = (
        backend.assembled(backend.store.traces(retrieval.trace_ids)) if retrieval.status == "COMPLETE" else []
    )
    traces = []
    for trace in found:
        start_s, end_s = trace.span()
        spans = [{"Id": one["id"], "Document": orjson.dumps(one).decode()} for one in trace.documents]
        duration_s = round(end_s - start_s, 3) if end_s is not None else None
        traces.append({"Id": trace.trace_id, "Duration": duration_s, "Spans": spans})
    return {"RetrievalStatus": retrieval.status, "TraceFormat": "XRAY", "Traces": traces}
