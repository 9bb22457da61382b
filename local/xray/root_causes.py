"""Why a trace failed or was slow: the way from the root to where it began.

A way of faults or errors counts only when it ends in an exception, or in something that was called and has no
segment of its own; a flag alone says that it failed, not why.
https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from collections.abc import Iterator
from typing import Any

from local.xray.segments import Document, as_mapping, end_of
from local.xray.statistics import outcome
from local.xray.traces import Trace, node_of

MAIN_SHARE = 0.5  # of the root's duration: a child that takes more explains it
MAX_CAUSES = 10

Service = tuple[Document, list[Document]]  # a segment (or an inferred one) and the way within it


def failures(trace: Trace, kind: str) -> list[dict[str, Any]]:
    """FaultRootCauses or ErrorRootCauses, for `kind` "fault" or "error"."""
    root = trace.root
    if root is None:
        return []
    callees = _callees(trace)
    ways = [way for way in _failing(root, kind, callees, [(root, [root])]) if _explains(way)]
    return [
        {
            "Services": [_service(segment, [_failed(entity) for entity in path]) for segment, path in way],
            "ClientImpacting": outcome(root) == kind,
        }
        for way in ways[:MAX_CAUSES]
    ]


def slowness(trace: Trace) -> list[dict[str, Any]]:
    """ResponseTimeRootCauses: from the root down, always the child that takes more than half of it."""
    root = trace.root
    end = end_of(root) if root else None
    if root is None or end is None or end <= root["start_time"]:
        return []
    whole_s, callees = end - float(root["start_time"]), _callees(trace)
    way: list[Service] = [(root, [root])]
    while step := _slowest(way[-1][1][-1], callees, whole_s):
        entity, is_segment = step
        if is_segment:
            way.append((entity, [entity]))
        else:
            way[-1][1].append(entity)
    services = [_service(segment, [_took(entity, whole_s) for entity in path]) for segment, path in way]
    return [{"Services": services, "ClientImpacting": True}]


def _callees(trace: Trace) -> dict[str, tuple[Document, ...]]:
    """What each call reached, by the id of its subsegment."""
    return {
        call.subsegment["id"]: call.callees or ((call.inferred,) if call.inferred else ())
        for call in trace.calls
    }


def _failing(
    entity: Document, kind: str, callees: dict[str, tuple[Document, ...]], way: list[Service]
) -> Iterator[list[Service]]:
    """Every way down along failed entities that can't go on."""
    if outcome(entity) != kind:
        return
    went_on = False
    for child in entity.get("subsegments", ()):
        segment, path = way[-1]
        for found in _failing(child, kind, callees, [*way[:-1], (segment, [*path, child])]):
            went_on = True
            yield found
    for callee in callees.get(entity["id"], ()):
        for found in _failing(callee, kind, callees, [*way, (callee, [callee])]):
            went_on = True
            yield found
    if not went_on:
        yield way


def _explains(way: list[Service]) -> bool:
    segment, path = way[-1]
    return bool(segment.get("inferred") or _exceptions(path[-1]))


def _slowest(
    entity: Document, callees: dict[str, tuple[Document, ...]], whole_s: float
) -> tuple[Document, bool] | None:
    found = [(child, False) for child in entity.get("subsegments", ())]
    found += [(callee, True) for callee in callees.get(entity["id"], ())]
    slow = [step for step in found if _duration_s(step[0]) > MAIN_SHARE * whole_s]
    return max(slow, key=lambda step: _duration_s(step[0]), default=None)


def _duration_s(entity: Document) -> float:
    end = end_of(entity)
    return 0.0 if end is None else max(0.0, end - float(entity["start_time"]))


def _service(segment: Document, path: list[dict[str, Any]]) -> dict[str, Any]:
    name, kind = node_of(segment)
    is_inferred = bool(segment.get("inferred"))
    return {"Name": name, "Names": [name], "Type": kind, "EntityPath": path, "Inferred": is_inferred}


def _failed(entity: Document) -> dict[str, Any]:
    remote = entity.get("namespace") in ("aws", "remote")
    return {"Name": str(entity["name"]), "Exceptions": _exceptions(entity), "Remote": remote}


def _took(entity: Document, whole_s: float) -> dict[str, Any]:
    remote = entity.get("namespace") in ("aws", "remote")
    coverage = min(1.0, round(_duration_s(entity) / whole_s, 3))
    return {"Name": str(entity["name"]), "Coverage": coverage, "Remote": remote}


def _exceptions(entity: Document) -> list[dict[str, str]]:
    listed = as_mapping(entity.get("cause")).get("exceptions")
    return [
        {"Name": str(one.get("type", "")), "Message": str(one.get("message", ""))}
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    ]
