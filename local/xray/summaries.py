"""Trace summaries: what GetTraceSummaries answers about one trace.

https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from collections.abc import Iterable
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
    status, places = status_of(root or {}), places_of(trace.segments)
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
        "ResourceARNs": [{"ARN": arn} for arn in places["resource.arn"]],
        "InstanceIds": [{"Id": instance_id} for instance_id in places["instance.id"]],
        "AvailabilityZones": [{"Name": name} for name in places["availabilityzone"]],
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
    words |= {word for places in places_of(trace.segments).values() for word in places}
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
    if isinstance(status, int) and not isinstance(status, bool) and abs(status) < 2**31:
        summary["HttpStatus"] = status
    return summary


def places_of(segments: Iterable[Document]) -> dict[str, tuple[str, ...]]:
    """Where segments ran: availability zones, EC2 instances and resources, by the keyword of filters."""
    places: dict[str, dict[str, None]] = {"availabilityzone": {}, "instance.id": {}, "resource.arn": {}}
    for segment in segments:
        ec2 = as_mapping(as_mapping(segment.get("aws")).get("ec2"))
        values = (ec2.get("availability_zone"), ec2.get("instance_id"), segment.get("resource_arn"))
        for distinct, value in zip(places.values(), values, strict=True):
            if isinstance(value, str) and value:
                distinct[value] = None
    return {keyword: tuple(distinct) for keyword, distinct in places.items()}


def _annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    annotations: dict[str, dict[Any, dict[str, Any]]] = {}
    indexed = trace.annotation_keys
    for entity in trace.all_entities if indexed else ():
        for key, value in as_mapping(entity.get("annotations")).items():
            if key in indexed and isinstance(value, bool | int | float | str):
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
