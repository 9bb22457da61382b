"""Trace summaries: what GetTraceSummaries answers about one trace.

https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from typing import Any

from local.xray.root_causes import failure_root_causes, response_time_root_causes
from local.xray.segments import Document, as_mapping
from local.xray.status import status_of
from local.xray.traces import Node, Trace, client_node_of, node_of

REQUEST_FIELDS = {
    "HttpURL": "url",
    "HttpMethod": "method",
    "UserAgent": "user_agent",
    "ClientIp": "client_ip",
}


def summarize(trace: Trace) -> dict[str, Any]:
    """One TraceSummary. Flags and HTTP fields are those of the root segment."""
    root = trace.root
    status = status_of(root or {})
    return {
        "Id": trace.trace_id,
        "StartTime": trace.start_s,
        "Duration": trace.duration_s,
        "ResponseTime": trace.response_time_s,
        "HasFault": status == "fault",
        "HasError": status == "error",  # false for a throttled root
        "HasThrottle": status == "throttle",
        "IsPartial": trace.is_partial,
        "Http": http_of(root or {}),
        "Annotations": _annotations(trace),
        "Users": _users(trace),
        "ServiceIds": _service_ids(trace),
        "EntryPoint": _service_id(node_of(root)) if root else None,
        "FaultRootCauses": failure_root_causes(trace, "fault"),
        "ErrorRootCauses": failure_root_causes(trace, "error"),
        "ResponseTimeRootCauses": response_time_root_causes(trace),
        "Revision": trace.revision,
    }


def searchable_words(trace: Trace) -> str:
    """Names, users, annotations and HTTP fields of a trace, one a line: what filters may look for."""
    words = {word for node in _nodes(trace) for word in node if word}
    words |= {user["UserName"] for user in _users(trace)}
    words |= {value for value in http_of(trace.root or {}).values() if isinstance(value, str)}
    for key, entries in _annotations(trace).items():
        values = (next(iter(entry["AnnotationValue"].values())) for entry in entries)
        words |= {key, *(value for value in values if isinstance(value, str))}
    return "\n".join(sorted(words))


def http_of(entity: Document) -> dict[str, Any]:
    """The fields of a summary's Http that the entity's `http` holds."""
    http = as_mapping(entity.get("http"))
    request, response = as_mapping(http.get("request")), as_mapping(http.get("response"))
    fields = {name: request.get(field) for name, field in REQUEST_FIELDS.items()}
    summary: dict[str, Any] = {name: value for name, value in fields.items() if isinstance(value, str)}
    status = response.get("status")
    if isinstance(status, int) and not isinstance(status, bool):
        summary["HttpStatus"] = status
    return summary


def _annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    annotations: dict[str, dict[Any, dict[str, Any]]] = {}
    for entity in trace.entities:
        for key, value in as_mapping(entity.get("annotations")).items():
            if isinstance(value, bool | int | float | str):
                entry = {"AnnotationValue": {_value_kind(value): value}}
                annotations.setdefault(key, {})[type(value), value] = entry
    return {key: list(values.values()) for key, values in annotations.items()}


def _value_kind(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "BooleanValue"
    return "StringValue" if isinstance(value, str) else "NumberValue"


def _users(trace: Trace) -> list[dict[str, Any]]:
    names = {segment["user"] for segment in trace.segments if isinstance(segment.get("user"), str)}
    return [{"UserName": name} for name in sorted(names)]


def _nodes(trace: Trace) -> set[Node]:
    """All nodes that the trace has on the service map, clients included."""
    nodes = {node_of(segment) for segment in (*trace.segments, *trace.inferred)}
    return nodes | {client_node_of(segment) for segment in trace.entry_segments}


def _service_ids(trace: Trace) -> list[dict[str, Any]]:
    return [_service_id(node) for node in sorted(_nodes(trace), key=lambda node: (node[0], node[1] or ""))]


def _service_id(node: Node) -> dict[str, Any]:
    return {"Name": node[0], "Names": [node[0]], "Type": node[1]}
