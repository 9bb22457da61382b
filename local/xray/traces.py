"""Assembles a trace from its documents as the service does.

Documents may come in any order. Independent subsegments are attached to their parents; what a call reached
without a segment of its own (a table, a foreign host) becomes an inferred segment.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from local.xray.segments import Document, StoredTrace, descendants, duration_of, end_time_of

Node = tuple[str, str | None]  # of the service map: name and type

# fields of an independent subsegment that say where it belongs; within the tree they are redundant
PARENT_FIELDS = ("type", "parent_id", "trace_id")
# field of `aws` that names the called resource, and the type of its node, by the service's name in lower case
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
    """A subsegment that leaves its service, and what it reached.

    `callees` are the segments that name the subsegment as their parent; `inferred` is made where there is
    none.
    """

    caller: Document
    subsegment: Document
    callees: tuple[Document, ...]
    inferred: Document | None

    @property
    def targets(self) -> tuple[Document, ...]:
        """The segments that the call reached, whether sent or inferred."""
        return self.callees or ((self.inferred,) if self.inferred else ())


@dataclass(frozen=True)
class Trace:
    """One trace: segments with their trees, subsegments whose parent is missing (orphans), and calls."""

    trace_id: str
    revision: int
    segments: tuple[Document, ...]
    orphans: tuple[Document, ...]
    calls: tuple[Call, ...]
    children: dict[str, tuple[Document, ...]] = field(repr=False)  # parent's entity id → segments
    entities: tuple[Document, ...] = field(repr=False)  # segments, orphans and all subsegments below them

    @cached_property
    def inferred(self) -> list[Document]:
        """The inferred segments, in the order of their calls."""
        return [call.inferred for call in self.calls if call.inferred]

    @cached_property
    def documents(self) -> list[Document]:
        """All documents that BatchGetTraces answers."""
        return [*self.segments, *self.orphans, *self.inferred]

    @cached_property
    def entry_segments(self) -> list[Document]:
        """The segments that name no parent: a client outside of the trace called them."""
        return [segment for segment in self.segments if segment.get("parent_id") is None]

    @cached_property
    def root(self) -> Document | None:
        """The earliest entry segment; without one, the earliest segment whose parent is missing."""
        roots = self.entry_segments
        if not roots:
            entity_ids = {entity["id"] for entity in self.entities}
            roots = [segment for segment in self.segments if segment["parent_id"] not in entity_ids]
        return min(roots, key=lambda segment: segment["start_time"], default=None)

    @cached_property
    def is_partial(self) -> bool:
        """Whether an entity names a parent that is missing."""
        return bool(self.orphans) or not self.children.keys() <= {entity["id"] for entity in self.entities}

    @cached_property
    def start_s(self) -> float:
        """When the first entity started, in epoch seconds."""
        return min(float(entity["start_time"]) for entity in self.entities)

    @cached_property
    def duration_s(self) -> float | None:
        """From the first start to the last end, in seconds; None while an entity is in progress."""
        ends = [end_time_of(entity) for entity in self.entities]
        return None if None in ends else round(max(end for end in ends if end is not None) - self.start_s, 3)

    @cached_property
    def response_time_s(self) -> float | None:
        """How long the root took, in seconds; None while an entity is in progress."""
        took_s = duration_of(self.root) if self.root and self.duration_s is not None else None
        return None if took_s is None else round(took_s, 3)


def assemble(stored: StoredTrace) -> Trace:
    """The trace that the stored documents make."""
    documents = [orjson.loads(body) for body in stored.bodies]
    segments = sorted((d for d in documents if d.get("type") != "subsegment"), key=lambda d: d["start_time"])
    orphans = _attach(segments, [d for d in documents if d.get("type") == "subsegment"])
    by_parent: dict[str, list[Document]] = {}
    for segment in segments:
        if segment.get("parent_id"):
            by_parent.setdefault(segment["parent_id"], []).append(segment)
    children = {parent_id: tuple(callees) for parent_id, callees in by_parent.items()}
    trees = (*segments, *orphans)
    return Trace(
        stored.trace_id,
        stored.revision,
        tuple(segments),
        tuple(orphans),
        calls=tuple(_calls(stored.trace_id, trees, children)),
        children=children,
        entities=tuple(entity for tree in trees for entity in (tree, *descendants(tree))),
    )


def _attach(segments: list[Document], independent: list[Document]) -> list[Document]:
    """Put each independent subsegment below its parent; returns those whose parent is missing."""
    entities = {
        entity["id"]: entity for tree in (*segments, *independent) for entity in (tree, *descendants(tree))
    }
    orphans = []
    for subsegment in sorted(independent, key=lambda d: d["start_time"]):
        parent = entities.get(subsegment["parent_id"])
        if parent is None or _contains(subsegment, parent):
            orphans.append(subsegment)
        elif all(child["id"] != subsegment["id"] for child in parent.setdefault("subsegments", [])):
            parent["subsegments"].append(subsegment)
    for segment in segments:
        for child in descendants(segment):
            for name in PARENT_FIELDS:
                child.pop(name, None)
    return orphans


def _contains(subsegment: Document, entity: Document) -> bool:
    """Whether `entity` is `subsegment` or below it: attaching would make a circle."""
    return entity is subsegment or any(child is entity for child in descendants(subsegment))


def _calls(
    trace_id: str, trees: tuple[Document, ...], children: dict[str, tuple[Document, ...]]
) -> Iterator[Call]:
    for tree in trees:
        orphan = (tree,) if tree.get("type") == "subsegment" else ()
        for entity in (*orphan, *descendants(tree)):
            callees = children.get(entity["id"], ())
            if callees or entity.get("namespace") in ("aws", "remote") or "sql" in entity:
                yield Call(tree, entity, callees, None if callees else _infer(trace_id, entity))


def _infer(trace_id: str, call: Document) -> Document:
    """The segment of what a call reached. Its id follows from the call's, so that it never changes."""
    aws, service = _aws_fields(call), call["name"].lower()
    segment: Document = {
        "id": hashlib.sha256(f"{trace_id} {call['id']}".encode()).hexdigest()[:16],
        "name": TITLES.get(service, call["name"]) if call.get("namespace") == "aws" else call["name"],
        "start_time": call["start_time"],
        "trace_id": trace_id,
        "parent_id": call["id"],
        "inferred": True,
        "origin": _origin(call, aws),
    }
    resource_field = RESOURCES.get(service, ("", ""))[0]
    if resource_field in aws:
        aws["resource_names"] = [aws[resource_field]]
    for name in ("end_time", "in_progress", "http", "fault", "error", "throttle"):
        if call.get(name):
            segment[name] = call[name]
    return segment | ({"aws": aws} if aws else {})


def _aws_fields(call: Document) -> dict[str, Any]:
    aws = call.get("aws")
    fields = dict(aws) if isinstance(aws, dict) else {}
    table_names = fields.get("table_names")
    if isinstance(table_names, list) and len(table_names) == 1:
        fields.setdefault("table_name", table_names[0])
    return fields


def _origin(call: Document, aws: dict[str, Any]) -> str:
    if "sql" in call:
        return "Database::SQL"
    if call.get("namespace") != "aws":
        return "remote"
    resource_field, origin = RESOURCES.get(call["name"].lower(), ("", ""))
    return origin if resource_field in aws and aws.get("operation") else f"AWS::{call['name']}"


def node_of(segment: Document) -> Node:
    """The service map's node of a segment: name and type. An inferred table's node has the table's name."""
    origin = segment.get("origin")
    resource_names = segment.get("aws", {}).get("resource_names") if segment.get("inferred") else None
    name = str(resource_names[0]) if resource_names else str(segment["name"])
    return name, origin if isinstance(origin, str) else None


def client_node_of(segment: Document) -> Node:
    """The node of the client that called an entry segment: the segment's name and the type "client"."""
    return str(segment["name"]), "client"
