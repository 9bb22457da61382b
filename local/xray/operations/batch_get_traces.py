"""BatchGetTraces: up to five traces with their documents, inferred segments among them."""

from typing import Any

import orjson

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import Document, trace_id_of
from local.xray.traces import Trace

MAX_TRACES = 5
HIDDEN = ("traced",)


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The traces that are there; unknown ids are left out without a word, as the service does."""
    asked = request["TraceIds"]
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    if len(asked) > MAX_TRACES:
        raise InvalidRequestException(f"Exceeding maximum query size: {MAX_TRACES}")
    ids = [_checked(trace_id) for trace_id in asked]
    if len(set(ids)) < len(ids):
        raise InvalidRequestException("Containing duplicate trace ids")
    traces = backend.assembled(backend.store.traces(ids))
    return {"Traces": [_trace(trace) for trace in traces], "UnprocessedTraceIds": []}


def _checked(trace_id: str) -> str:
    known = trace_id_of(trace_id)
    if known is None:
        raise InvalidRequestException(f"Invalid trace id {trace_id}: incorrect id format")
    return known


def _trace(trace: Trace) -> dict[str, Any]:
    start_s, end_s = trace.span()
    return {
        "Id": trace.trace_id,
        "Duration": round(end_s - start_s, 3) if end_s is not None else None,
        "LimitExceeded": False,
        "Segments": [
            {"Id": document["id"], "Document": orjson.dumps(_shown(document)).decode()}
            for document in trace.documents
        ],
    }


def _shown(document: Document) -> Document:
    """The document without what the service takes out."""
    shown = dict(document)
    http = shown.get("http")
    if isinstance(http, dict) and isinstance(http.get("request"), dict):
        request = {key: value for key, value in http["request"].items() if key not in HIDDEN}
        shown["http"] = {**http, "request": request}
    if "subsegments" in shown:
        shown["subsegments"] = [_shown(child) for child in shown["subsegments"]]
    return shown
