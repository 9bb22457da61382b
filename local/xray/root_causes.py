"""Root causes: the path from the root of a trace to where a failure or a delay began.

A path of faults or errors is a cause only if it ends in an exception, or in a call's inferred segment: a flag
alone tells that something failed, not why.
https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from collections.abc import Iterator
from typing import Any

from local.xray.segments import Document, duration_of, exceptions_of
from local.xray.status import status_of
from local.xray.traces import Trace, node_of

MAIN_SHARE = 0.5  # of the root's duration: a child that takes more explains the delay
MAX_CAUSES = 10

Callees = dict[str, tuple[Document, ...]]  # segments that a call reached, by the id of its subsegment
Service = tuple[Document, list[Document]]  # a segment, sent or inferred, and the path of entities within it


def failure_root_causes(trace: Trace, kind: str) -> list[dict[str, Any]]:
    """FaultRootCauses or ErrorRootCauses, for the kind "fault" or "error"."""
    root = trace.root
    if root is None:
        return []
    paths = [
        path for path in _failing_paths(root, kind, _callees(trace), [(root, [root])]) if _explains(path)
    ]
    return [
        {
            "Services": [
                _service(segment, [_failure(entity) for entity in path]) for segment, path in services
            ],
            "ClientImpacting": status_of(root) == kind,
        }
        for services in paths[:MAX_CAUSES]
    ]


def response_time_root_causes(trace: Trace) -> list[dict[str, Any]]:
    """ResponseTimeRootCauses: from the root down, the child that takes more than half of the root's time."""
    root = trace.root
    total_s = duration_of(root) if root else None
    if root is None or total_s is None or total_s <= 0:
        return []
    callees = _callees(trace)
    services: list[Service] = [(root, [root])]
    while step := _slowest(services[-1][1][-1], callees, total_s):
        entity, is_segment = step
        if is_segment:
            services.append((entity, [entity]))
        else:
            services[-1][1].append(entity)
    answered = [_service(segment, [_delay(entity, total_s) for entity in path]) for segment, path in services]
    return [{"Services": answered, "ClientImpacting": True}]


def _callees(trace: Trace) -> Callees:
    return {call.subsegment["id"]: call.targets for call in trace.calls}


def _failing_paths(
    entity: Document, kind: str, callees: Callees, services: list[Service]
) -> Iterator[list[Service]]:
    """Every longest path down along entities that failed; `services` is the path so far, `entity` its end."""
    if status_of(entity) != kind:
        return
    is_end = True
    segment, path = services[-1]
    steps = [(child, [*services[:-1], (segment, [*path, child])]) for child in entity.get("subsegments", ())]
    steps += [(callee, [*services, (callee, [callee])]) for callee in callees.get(entity["id"], ())]
    for child, longer in steps:
        for failing_path in _failing_paths(child, kind, callees, longer):
            is_end = False
            yield failing_path
    if is_end:
        yield services


def _explains(services: list[Service]) -> bool:
    segment, path = services[-1]
    return bool(segment.get("inferred") or exceptions_of(path[-1]))


def _slowest(entity: Document, callees: Callees, total_s: float) -> tuple[Document, bool] | None:
    """The child that takes more than MAIN_SHARE of `total_s`, and whether it is a segment."""
    children = [(child, False) for child in entity.get("subsegments", ())]
    children += [(callee, True) for callee in callees.get(entity["id"], ())]
    slow = [step for step in children if (duration_of(step[0]) or 0.0) > MAIN_SHARE * total_s]
    return max(slow, key=lambda step: duration_of(step[0]) or 0.0, default=None)


def _service(segment: Document, path: list[dict[str, Any]]) -> dict[str, Any]:
    name, kind = node_of(segment)
    is_inferred = bool(segment.get("inferred"))
    return {"Name": name, "Names": [name], "Type": kind, "EntityPath": path, "Inferred": is_inferred}


def _failure(entity: Document) -> dict[str, Any]:
    exceptions = [
        {"Name": str(exception.get("type", "")), "Message": str(exception.get("message", ""))}
        for exception in exceptions_of(entity)
    ]
    return {"Name": str(entity["name"]), "Exceptions": exceptions, "Remote": _is_remote(entity)}


def _delay(entity: Document, total_s: float) -> dict[str, Any]:
    coverage = min(1.0, round((duration_of(entity) or 0.0) / total_s, 3))
    return {"Name": str(entity["name"]), "Coverage": coverage, "Remote": _is_remote(entity)}


def _is_remote(entity: Document) -> bool:
    return entity.get("namespace") in ("aws", "remote")
