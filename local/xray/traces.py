"""Puts a trace's documents together as the service does: trees, inferred segments, orphans kept.

Documents come in any order. A subsegment that was sent on its own is put below its parent; what a traced call
reached without a segment of its own (a table, a foreign host) becomes an inferred segment.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from local.xray.segments import Document, StoredTrace, end_of, subsegments

# what says where an independent subsegment belongs; within the tree that is plain
PLACE = ("type", "parent_id", "trace_id")
# aws.* of a subsegment that names the resource, by the name of the service in lower case
RESOURCES = {
    "dynamodb": ("table_name", "AWS::DynamoDB::Table"),
    "s3": ("bucket_name", "AWS::S3::Bucket"),
    "sqs": ("queue_url", "AWS::SQS::Queue"),
    "sns": ("topic_arn", "AWS::SNS"),
    "lambda": ("function_name", "AWS::Lambda"),
}
TITLES = {"dynamodb": "DynamoDB", "s3": "S3", "sqs": "SQS", "sns": "SNS", "lambda": "Lambda"}


@dataclass(frozen=True, slots=True)
class Call:
    """A subsegment that leaves its service, and where it went: segments of the callee, or an inferred one."""

    caller: Document
    subsegment: Document
    callees: tuple[Document, ...]
    inferred: Document | None


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace: its segments (trees), subsegments without a parent, and inferred segments."""

    trace_id: str
    revision: int
    segments: tuple[Document, ...]
    orphans: tuple[Document, ...]
    calls: tuple[Call, ...]
    children: dict[str, tuple[Document, ...]] = field(repr=False)  # parent's entity id → segments
    entities: tuple[Document, ...] = field(repr=False)  # segments and orphans with all that is below them

    @property
    def inferred(self) -> list[Document]:
        """The inferred segments, in the order of their calls."""
        return [call.inferred for call in self.calls if call.inferred]

    @property
    def documents(self) -> list[Document]:
        """Everything that BatchGetTraces answers."""
        return [*self.segments, *self.orphans, *self.inferred]

    @property
    def root(self) -> Document | None:
        """The segment that nobody in this trace called; the earliest when there are several."""
        roots = [s for s in self.segments if s.get("parent_id") is None]
        if not roots:
            known = {entity["id"] for entity in self.entities}
            roots = [s for s in self.segments if s["parent_id"] not in known]
        return min(roots, key=lambda s: s["start_time"], default=None)

    @property
    def is_partial(self) -> bool:
        """Whether a parent that somebody names is missing."""
        if self.orphans:
            return True
        called = {s["parent_id"] for s in self.segments if s.get("parent_id") is not None}
        return not called <= {entity["id"] for entity in self.entities}

    def span(self) -> tuple[float, float | None]:
        """First start and last end over all entities; no end while something is in progress."""
        ends = [end_of(entity) for entity in self.entities]
        start = min(float(entity["start_time"]) for entity in self.entities)
        return start, None if None in ends else max(end for end in ends if end is not None)


def assemble(stored: StoredTrace) -> Trace:
    """The trace that the stored documents make."""
    documents = [orjson.loads(body) for body in stored.bodies]
    segments = sorted((d for d in documents if d.get("type") != "subsegment"), key=lambda d: d["start_time"])
    orphans = _adopt(segments, [d for d in documents if d.get("type") == "subsegment"])
    children: dict[str, list[Document]] = {}
    for segment in segments:
        if segment.get("parent_id"):
            children.setdefault(segment["parent_id"], []).append(segment)
    by_parent = {parent: tuple(found) for parent, found in children.items()}
    calls = tuple(_calls(stored.trace_id, (*segments, *orphans), by_parent))
    entities = tuple(entity for top in (*segments, *orphans) for entity in (top, *subsegments(top)))
    return Trace(
        stored.trace_id, stored.revision, tuple(segments), tuple(orphans), calls, by_parent, entities
    )


def _adopt(segments: list[Document], independent: list[Document]) -> list[Document]:
    """Put each independent subsegment below its parent; returns those whose parent is not there."""
    places = {
        entity["id"]: entity for top in (*segments, *independent) for entity in (top, *subsegments(top))
    }
    orphans = []
    for document in sorted(independent, key=lambda d: d["start_time"]):
        parent = places.get(document["parent_id"])
        if parent is None or _is_within(document, parent):
            orphans.append(document)
        elif all(child["id"] != document["id"] for child in parent.setdefault("subsegments", [])):
            parent["subsegments"].append(document)
    for top in segments:
        for child in subsegments(top):
            for name in PLACE:
                child.pop(name, None)
    return orphans


def _is_within(document: Document, entity: Document) -> bool:
    """Whether `entity` is `document` or below it: a circle that no sane sender makes."""
    return entity is document or any(child is entity for child in subsegments(document))


def _calls(
    trace_id: str, tops: tuple[Document, ...], children: dict[str, tuple[Document, ...]]
) -> Iterator[Call]:
    for top in tops:
        own = (top,) if top.get("type") == "subsegment" else ()
        for entity in (*own, *subsegments(top)):
            callees = children.get(entity["id"], ())
            if callees or entity.get("namespace") in ("aws", "remote") or "sql" in entity:
                yield Call(top, entity, callees, None if callees else _infer(trace_id, entity))


def _infer(trace_id: str, subsegment: Document) -> Document:
    """The segment of what a call reached; its id follows from the call's, so that it never changes."""
    aws, title = _aws_facts(subsegment), subsegment["name"]
    service = title.lower()
    document: Document = {
        "id": hashlib.sha256(f"{trace_id} {subsegment['id']}".encode()).hexdigest()[:16],
        "name": TITLES.get(service, title) if subsegment.get("namespace") == "aws" else title,
        "start_time": subsegment["start_time"],
        "trace_id": trace_id,
        "parent_id": subsegment["id"],
        "inferred": True,
        "origin": _origin(subsegment, aws),
    }
    resource = RESOURCES.get(service, ("", ""))[0]
    if resource in aws:
        aws["resource_names"] = [aws[resource]]
    for name in ("end_time", "in_progress", "http", "fault", "error", "throttle"):
        if subsegment.get(name):
            document[name] = subsegment[name]
    return document | ({"aws": aws} if aws else {})


def _aws_facts(subsegment: Document) -> dict[str, Any]:
    aws = subsegment.get("aws")
    facts = dict(aws) if isinstance(aws, dict) else {}
    names = facts.get("table_names")
    if isinstance(names, list) and len(names) == 1:
        facts.setdefault("table_name", names[0])
    return facts


def _origin(subsegment: Document, aws: dict[str, Any]) -> str:
    if "sql" in subsegment:
        return "Database::SQL"
    if subsegment.get("namespace") != "aws":
        return "remote"
    resource, origin = RESOURCES.get(subsegment["name"].lower(), ("", ""))
    return origin if resource in aws and aws.get("operation") else f"AWS::{subsegment['name']}"


def node_of(document: Document) -> tuple[str, str | None]:
    """The service map's node of a segment: name and type. A table's node has the table's name."""
    origin = document.get("origin")
    names = document.get("aws", {}).get("resource_names") if document.get("inferred") else None
    name = str(names[0]) if names else str(document["name"])
    return name, origin if isinstance(origin, str) else None
