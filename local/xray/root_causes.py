"""Root causes: the path from where a failure or a delay shows to where it began.

A failed entity begins a path if no failed entity called it: the root, or a service or call below an entity
that caught the failure. The path follows one failed branch down, first into a call whose callee sent no
segment, and ends there, or at the deepest entity with an exception. A flag alone tells that something failed,
not why.
https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html

What the API's page leaves open follows recordings of the service, published in
https://github.com/radkawar/stackd/tree/9dc356f5e5cc49d2d334178a09c1398dd1c62617/testdata/aws/xray
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.xray.segments import Document, duration_of, exceptions_of
from local.xray.traces import Trace, node_of

MAIN_SHARE = 0.5  # of the root's duration: a child that takes more explains the delay
MAX_CAUSES = 10
MAX_PATH = 500  # entities, of which a chain of segments that call each other may have any number


@dataclass(frozen=True, slots=True)
class Step:
    """An entity of a path and the segment to which it belongs.

    The last step of a path may be an inferred segment.
    """

    segment: Document
    entity: Document


@dataclass(frozen=True)
class Tree:
    """Who called whom in a trace, by the ids of the entities."""

    trace: Trace

    @cached_property
    def inferred(self) -> dict[str, Document]:
        """The inferred segments by the ids of their calls."""
        return {call.subsegment["id"]: call.inferred for call in self.trace.calls if call.inferred}

    @cached_property
    def parents(self) -> dict[str, Document]:
        """The entity above a subsegment; the call, or the segment, above a segment."""
        parents: dict[str, Document] = {}
        for entity in self.trace.entities:
            called = self.trace.children.get(entity["id"], ())
            parents |= {child["id"]: entity for child in (*entity.get("subsegments", ()), *called)}
        return parents

    def children(self, step: Step) -> list[Step]:
        """The subsegments of an entity and the segments that it called, inferred ones not among them."""
        steps = [Step(step.segment, child) for child in step.entity.get("subsegments", ())]
        return steps + [Step(callee, callee) for callee in self.trace.children.get(step.entity["id"], ())]


def failure_root_causes(trace: Trace, kind: str) -> list[dict[str, Any]]:
    """FaultRootCauses or ErrorRootCauses, for the kind "fault" or "error"."""
    if not any(entity.get(kind) is True for entity in trace.all_entities):
        return []
    tree = Tree(trace)
    return [
        {
            "Services": _services(path, _failure),
            "ClientImpacting": path[0].entity is trace.root,
        }
        for path in _failing_paths(tree, kind)
    ][:MAX_CAUSES]


def response_time_root_causes(trace: Trace) -> list[dict[str, Any]]:
    """ResponseTimeRootCauses: from the root down, the child that takes more than half of the root's time."""
    root = trace.root
    total_s = duration_of(root) if root else None
    if root is None or total_s is None or total_s <= 0:
        return []
    tree, path = Tree(trace), [Step(root, root)]
    while len(path) < MAX_PATH:
        step = _slowest(tree.children(path[-1]), total_s)
        if step is None:
            break
        path.append(step)
        if inferred := tree.inferred.get(step.entity["id"]):
            path.append(Step(inferred, inferred))
            break
    if len(path) == 1:
        return []
    return [{"Services": _services(path, lambda step: _delay(step, total_s)), "ClientImpacting": True}]


def _failing_paths(tree: Tree, kind: str) -> Iterator[list[Step]]:
    """The path of every failed entity that no failed one called: segments first, then inferred calls."""
    for segment in tree.trace.segments:
        if segment.get(kind) is True and not _is_explained(tree, segment, kind):
            yield from _first_path(tree, kind, Step(segment, segment))
    for call in tree.trace.calls:
        failed = call.inferred and call.subsegment.get(kind) is True
        if call.inferred and failed and not _is_explained(tree, call.subsegment, kind):
            yield [Step(call.inferred, call.inferred)]


def _is_explained(tree: Tree, entity: Document, kind: str) -> bool:
    """Whether the path of a failed entity above leads over this one."""
    parent = tree.parents.get(entity["id"])
    if parent is None or parent.get(kind) is not True:
        return False
    reference = parent.get("cause")
    if isinstance(reference, str) and entity["id"] in tree.inferred:
        return entity["id"] in _ancestors(tree, _owner(tree, reference))
    if not _is_remote(parent):
        return True
    # the failure of a call is that of its callee; what its caller made of it decides
    caller = tree.parents.get(parent["id"])
    return caller is not None and caller.get(kind) is True


def _first_path(tree: Tree, kind: str, start: Step) -> Iterator[list[Step]]:
    """The first path down from `start` that ends in an inferred segment or an exception; none or one."""
    waiting: list[tuple[list[Step], str | None]] = [([start], None)]
    entered: set[str] = set()
    while waiting:
        path, reference = waiting.pop()
        entity = path[-1].entity
        is_end = entity["id"] in entered  # its branches were tried in vain
        entered.add(entity["id"])
        if is_end:
            if exceptions_of(entity):
                yield path
                return
            continue
        if inferred := tree.inferred.get(entity["id"]):
            yield [*path, Step(inferred, inferred)]
            return
        if isinstance(entity.get("cause"), str):
            reference = entity["cause"]
        allowed: set[str] | None = None
        if reference is not None:
            owner = _owner(tree, reference)
            allowed = _ancestors(tree, owner)
            if owner is None:
                continue  # an unknown exception explains nothing
            if owner is entity:
                reference = allowed = None
        waiting.append((path, reference))
        steps = [
            step
            for step in tree.children(path[-1])
            if step.entity.get(kind) is True
            and step.entity["id"] not in entered
            and (allowed is None or step.entity["id"] in allowed)
        ]
        # of the last, which is tried first, the call without a callee's segment; otherwise the order in time
        steps.sort(key=lambda step: (step.entity["id"] in tree.inferred, -step.entity["start_time"]))
        if len(path) < MAX_PATH:
            waiting += [([*path, step], reference) for step in steps]


def _owner(tree: Tree, exception_id: str) -> Document | None:
    """The entity that recorded the exception with this id."""
    return next(
        (
            entity
            for entity in tree.trace.entities
            if any(exception.get("id") == exception_id for exception in exceptions_of(entity))
        ),
        None,
    )


def _ancestors(tree: Tree, entity: Document | None) -> set[str]:
    """The ids of an entity and of all that called it."""
    ids: set[str] = set()
    while entity is not None and entity["id"] not in ids:
        ids.add(entity["id"])
        entity = tree.parents.get(entity["id"])
    return ids


def _slowest(steps: list[Step], total_s: float) -> Step | None:
    """The step that takes longest, if it takes more than MAIN_SHARE of `total_s`, and at most all of it."""
    shares = [((duration_of(step.entity) or 0.0) / total_s, step) for step in steps]
    slow = [(share, step) for share, step in shares if MAIN_SHARE < round(share, 6) <= 1]
    return max(slow, key=lambda entry: entry[0])[1] if slow else None


def _services(path: list[Step], describe: Any) -> list[dict[str, Any]]:
    """The path's segments as the API answers them, each with its part of the path."""
    services: list[dict[str, Any]] = []
    last: Document | None = None
    for step in path:
        if step.segment is not last:
            name, kind = node_of(step.segment)
            is_inferred = bool(step.segment.get("inferred"))
            services.append(
                {"Name": name, "Names": [name], "Type": kind, "EntityPath": [], "Inferred": is_inferred}
            )
            last = step.segment
        services[-1]["EntityPath"].append(describe(step))
    return services


def _failure(step: Step) -> dict[str, Any]:
    exceptions = [
        {"Name": str(exception.get("type", "")), "Message": str(exception.get("message", ""))}
        for exception in exceptions_of(step.entity)
    ]
    return {"Name": str(step.entity["name"]), "Exceptions": exceptions, "Remote": _is_remote(step.entity)}


def _delay(step: Step, total_s: float) -> dict[str, Any]:
    coverage = round((duration_of(step.entity) or 0.0) / total_s, 3)
    return {"Name": str(step.entity["name"]), "Coverage": coverage, "Remote": _is_remote(step.entity)}


def _is_remote(entity: Document) -> bool:
    return entity.get("namespace") in ("aws", "remote")
