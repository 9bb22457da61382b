"""BatchGetTraces: up to five traces with their documents, inferred segments included."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import Document, normalized_trace_id, to_json
from local.xray.traces import Trace

MAX_TRACES = 5


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The traces that exist; unknown ids are left out and not listed as unprocessed, as on AWS."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    if len(request["TraceIds"]) > MAX_TRACES:
        raise InvalidRequestException(f"Exceeding maximum query size: {MAX_TRACES}")
    trace_ids = [_checked(trace_id) for trace_id in request["TraceIds"]]
    if len(set(trace_ids)) < len(trace_ids):
        raise InvalidRequestException("Containing duplicate trace ids")
    return {"Traces": [_trace(trace) for trace in backend.traces(trace_ids)], "UnprocessedTraceIds": []}


def _checked(text: str) -> str:
    trace_id = normalized_trace_id(text)
    if trace_id is None:
        raise InvalidRequestException(f"Invalid trace id {text}: incorrect id format")
    return trace_id


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "Id": trace.trace_id,
        "Duration": trace.duration_s,
        "LimitExceeded": False,
        "Segments": [
            {"Id": document["id"], "Document": to_json(_without_traced(document)).decode()}
            for document in trace.documents
        ],
    }


def _without_traced(document: Document) -> Document:
    """The document without `traced` in its HTTP requests: the service does not return it."""
    copy = dict(document)
    http = copy.get("http")
    if isinstance(http, dict) and isinstance(http.get("request"), dict):
        request = {key: value for key, value in http["request"].items() if key != "traced"}
        copy["http"] = {**http, "request": request}
    if "subsegments" in copy:
        copy["subsegments"] = [_without_traced(child) for child in copy["subsegments"]]
    return copy
