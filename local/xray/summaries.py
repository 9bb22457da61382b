"""Trace summaries: what GetTraceSummaries says of one trace."""

from typing import Any

from local.xray.root_causes import failures, slowness
from local.xray.segments import Document, as_mapping, end_of
from local.xray.statistics import outcome
from local.xray.traces import Trace, node_of

HTTP = {"HttpURL": "url", "HttpMethod": "method", "UserAgent": "user_agent", "ClientIp": "client_ip"}


def summarize(trace: Trace) -> dict[str, Any]:
    """One TraceSummary. The flags and the HTTP facts are the root segment's alone."""
    root = trace.root
    start_s, end_s = trace.span()
    end_of_root = end_of(root) if root else None
    is_finished = root is not None and end_of_root is not None and end_s is not None
    result = outcome(root) if root else "ok"
    return {
        "Id": trace.trace_id,
        "StartTime": start_s,
        "Duration": round(end_s - start_s, 3) if end_s is not None else None,
        "ResponseTime": round(end_of_root - root["start_time"], 3)
        if is_finished and root and end_of_root
        else None,
        "HasFault": result == "fault",
        "HasError": result == "error",  # a throttled root has HasThrottle alone
        "HasThrottle": result == "throttle",
        "IsPartial": trace.is_partial,
        "Http": _http(root) if root else {},
        "Annotations": _annotations(trace),
        "Users": _users(trace),
        "ServiceIds": _service_ids(trace),
        "EntryPoint": _service_id(*node_of(root)) if root else None,
        "FaultRootCauses": failures(trace, "fault"),
        "ErrorRootCauses": failures(trace, "error"),
        "ResponseTimeRootCauses": slowness(trace),
        "Revision": trace.revision,
    }


def searchable(trace: Trace) -> str:
    """Every text that a filter may ask for, one a line: what is not in here can't match."""
    words = {word for node in _nodes(trace) for word in node if word}
    words |= {user["UserName"] for user in _users(trace)}
    words |= (
        {value for value in _http(trace.root).values() if isinstance(value, str)} if trace.root else set()
    )
    for key, entries in _annotations(trace).items():
        values = (next(iter(entry["AnnotationValue"].values())) for entry in entries)
        words |= {key, *(value for value in values if isinstance(value, str))}
    return "\n".join(sorted(words))


def _http(root: Document) -> dict[str, Any]:
    http = as_mapping(root.get("http"))
    request, response = (as_mapping(http.get(part)) for part in ("request", "response"))
    facts: dict[str, Any] = {
        name: request[key] for name, key in HTTP.items() if isinstance(request.get(key), str)
    }
    if isinstance(response.get("status"), int):
        facts["HttpStatus"] = response["status"]
    return facts


def _annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    for entity in trace.entities:
        for key, value in as_mapping(entity.get("annotations")).items():
            if isinstance(value, bool | int | float | str):
                entry = {"AnnotationValue": {_value_kind(value): value}}
                found.setdefault(key, {})[type(value), value] = entry
    return {key: list(values.values()) for key, values in found.items()}


def _value_kind(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "BooleanValue"
    return "StringValue" if isinstance(value, str) else "NumberValue"


def _users(trace: Trace) -> list[dict[str, Any]]:
    names = {segment["user"] for segment in trace.segments if isinstance(segment.get("user"), str)}
    return [{"UserName": name} for name in sorted(names)]


def _nodes(trace: Trace) -> set[tuple[str, str | None]]:
    nodes = {node_of(document) for document in (*trace.segments, *trace.inferred)}
    return nodes | {(str(s["name"]), "client") for s in trace.segments if s.get("parent_id") is None}


def _service_ids(trace: Trace) -> list[dict[str, Any]]:
    nodes = sorted(_nodes(trace), key=lambda node: (node[0], node[1] or ""))
    return [_service_id(name, kind) for name, kind in nodes]


def _service_id(name: str, kind: str | None) -> dict[str, Any]:
    return {"Name": name, "Names": [name], "Type": kind}
