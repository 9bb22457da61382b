"""Assembles a trace from its documents as the service does.

Documents may come in any order. Independent subsegments are attached to their parents; what a call reached
without a segment of its own (a table, a foreign host) becomes an inferred segment.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import orjson

from local.xray.segments import (
    MAX_DEPTH,
    Document,
    StoredTrace,
    as_mapping,
    descendants,
    duration_of,
    end_time_of,
)

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
MAX_ANNOTATIONS = 50  # indexed of one trace, as on AWS
TITLES = {"dynamodb": "DynamoDB", "s3": "S3", "sqs": "SQS", "sns": "SNS", "lambda": "Lambda"}


@dataclass(frozen=True, slots=True)
class Call:
    """A subsegment that leaves its service, and what it reached.

    `caller` is the segment to which the subsegment belongs, None while that is missing. `callees` are the
    segments that name the subsegment as their parent; `inferred` is made where there is none.
    """

    caller: Document | None
    subsegment: Document
    callees: tuple[Document, ...]
    inferred: Document | None

    @property
    def targets(self) -> tuple[Document, ...]:
        """The segments that the call reached, whether sent or inferred."""
        return self.callees or ((self.inferred,) if self.inferred else ())


@dataclass(frozen=True)
class Trace:
    """One trace: segments with their trees, subsegments whose parent is missing (strays), and calls."""

    trace_id: str
    received_s: float  # when its last document was received, epoch seconds
    revision: int
    segments: tuple[Document, ...]
    strays: tuple[Document, ...]
    calls: tuple[Call, ...]
    children: dict[str, tuple[Document, ...]] = field(repr=False)  # parent's entity id → segments
    arrivals: dict[str, float] = field(repr=False)  # document's id → when it was received, epoch seconds

    @cached_property
    def entities(self) -> tuple[Document, ...]:
        """The segments with all subsegments below them."""
        return _flat(self.segments)

    @cached_property
    def all_entities(self) -> tuple[Document, ...]:
        """The segments and the strays, with all subsegments below them."""
        return (*self.entities, *_flat(self.strays)) if self.strays else self.entities

    @cached_property
    def receipts(self) -> dict[str, float]:
        """When the document of each entity was received, in epoch seconds, by the entity's id."""
        receipts: dict[str, float] = {}
        waiting = [(tree, self.received_s) for tree in (*self.segments, *self.strays)]
        while waiting:
            entity, above_s = waiting.pop()
            received_s = receipts[entity["id"]] = self.arrivals.get(entity["id"], above_s)
            waiting += [(child, received_s) for child in entity.get("subsegments", ())]
        return receipts

    @cached_property
    def inferred(self) -> list[Document]:
        """The inferred segments, in the order of their calls."""
        return [call.inferred for call in self.calls if call.inferred]

    @cached_property
    def documents(self) -> list[Document]:
        """All documents that BatchGetTraces answers: strays are not among them."""
        return [*self.segments, *(call.inferred for call in self.calls if call.inferred and call.caller)]

    @cached_property
    def entry_segments(self) -> list[Document]:
        """The segments that name no parent: a client outside of the trace called them."""
        return [segment for segment in self.segments if segment.get("parent_id") is None]

    @cached_property
    def root(self) -> Document | None:
        """The earliest entry segment. A segment whose parent is missing is not the root."""
        return min(self.entry_segments, key=lambda segment: segment["start_time"], default=None)

    @cached_property
    def is_partial(self) -> bool:
        """Whether a parent is missing, or the segment of a callee which the caller knows to be traced."""
        return (
            bool(self.strays)
            or not self.children.keys() <= {entity["id"] for entity in self.entities}
            or any(call.inferred and _is_traced(call.subsegment) for call in self.calls)
        )

    @cached_property
    def annotation_keys(self) -> frozenset[str]:
        """The keys of the annotations that are indexed: the first MAX_ANNOTATIONS of the trace."""
        keys = (key for entity in self.all_entities for key in as_mapping(entity.get("annotations")))
        return frozenset(islice(dict.fromkeys(keys), MAX_ANNOTATIONS))

    @cached_property
    def start_s(self) -> float:
        """When the first entity started, in epoch seconds."""
        return min(float(entity["start_time"]) for entity in self.all_entities)

    @cached_property
    def duration_s(self) -> float | None:
        """From the first start to the last end of the segments and all below, in seconds.

        None while one of them is in progress, and without a segment.
        """
        ends = [end_time_of(entity) for entity in self.entities]
        if not ends or None in ends:
            return None
        start_s = min(float(entity["start_time"]) for entity in self.entities)
        return round(max(end for end in ends if end is not None) - start_s, 3)

    @cached_property
    def response_time_s(self) -> float | None:
        """How long the root took, in seconds; None while an entity is in progress."""
        took_s = duration_of(self.root) if self.root and self.duration_s is not None else None
        return None if took_s is None else round(took_s, 3)


def assemble(stored: StoredTrace) -> Trace:
    """The trace that the stored documents make."""
    documents: list[Document] = [orjson.loads(body) for _, body in stored.documents]
    received = (received_s for received_s, _ in stored.documents)
    segments = sorted((d for d in documents if d.get("type") != "subsegment"), key=lambda d: d["start_time"])
    strays = _attach(segments, [d for d in documents if d.get("type") == "subsegment"])
    by_parent: dict[str, list[Document]] = {}
    for segment in segments:
        if segment.get("parent_id"):
            by_parent.setdefault(segment["parent_id"], []).append(segment)
    children = {parent_id: tuple(callees) for parent_id, callees in by_parent.items()}
    return Trace(
        stored.trace_id,
        stored.received_s,
        stored.revision,
        tuple(segments),
        tuple(strays),
        calls=tuple(_calls(stored.trace_id, segments, strays, children)),
        children=children,
        arrivals={
            document["id"]: received_s for document, received_s in zip(documents, received, strict=True)
        },
    )


def _flat(trees: Iterable[Document]) -> tuple[Document, ...]:
    return tuple(entity for tree in trees for entity in (tree, *descendants(tree)))


def _attach(segments: list[Document], independent: list[Document]) -> list[Document]:
    """Put each independent subsegment below its parent; returns those whose parent is missing."""
    if not independent:
        return []
    entities = {entity["id"]: entity for entity in _flat([*segments, *independent])}
    strays = []
    for subsegment in sorted(independent, key=lambda d: d["start_time"]):
        parent = entities.get(subsegment["parent_id"])
        if parent is None or _contains(subsegment, parent):
            strays.append(subsegment)
        elif all(child["id"] != subsegment["id"] for child in parent.setdefault("subsegments", [])):
            parent["subsegments"].append(subsegment)
    return strays + _cut(segments)


def _cut(segments: list[Document]) -> list[Document]:
    """Take off what lies deeper than MAX_DEPTH, as only a long chain of independent subsegments does."""
    level, below = segments, []
    for _ in range(MAX_DEPTH):
        level = [child for entity in level if "subsegments" in entity for child in entity["subsegments"]]
    for entity in level:
        below += entity.pop("subsegments", [])
    return below


def _contains(subsegment: Document, entity: Document) -> bool:
    """Whether `entity` is `subsegment` or below it: attaching would make a circle."""
    return entity is subsegment or any(child is entity for child in descendants(subsegment))


def _calls(
    trace_id: str,
    segments: list[Document],
    strays: list[Document],
    children: dict[str, tuple[Document, ...]],
) -> Iterator[Call]:
    within = [(segment, entity) for segment in segments for entity in descendants(segment)]
    for caller, entity in (*within, *((None, entity) for entity in _flat(strays))):
        if caller:
            for name in PARENT_FIELDS:
                entity.pop(name, None)
        callees = children.get(entity["id"], ())
        if callees or entity.get("namespace") in ("aws", "remote") or "sql" in entity:
            yield Call(caller, entity, callees, None if callees else _infer(trace_id, entity))


def _is_traced(call: Document) -> bool:
    return as_mapping(as_mapping(call.get("http")).get("request")).get("traced") is True


def _infer(trace_id: str, call: Document) -> Document:
    """The segment of what a call reached. Its id follows from the call's, so that it never changes."""
    aws = _aws_fields(call)
    origin = _origin(call, aws)
    title = TITLES.get(call["name"].lower(), call["name"]) if call.get("namespace") == "aws" else call["name"]
    segment: Document = {
        "id": _derived_id(trace_id, call["id"], ""),
        "name": title,
        "start_time": call["start_time"],
        "trace_id": trace_id,
        "parent_id": call["id"],
        "inferred": True,
    }
    for name in ("end_time", "in_progress", "http", "fault", "error", "throttle"):
        if call.get(name):
            segment[name] = call[name]
    if origin == "AWS::SQS::Queue":
        queue_time = {name: call[name] for name in ("start_time", "end_time", "in_progress") if name in call}
        queue_id = _derived_id(trace_id, call["id"], " QueueTime")
        segment["subsegments"] = [{"id": queue_id, "name": "QueueTime", **queue_time}]
    return segment | ({"aws": aws} if aws else {}) | ({"origin": origin} if origin else {})


def _derived_id(trace_id: str, entity_id: str, purpose: str) -> str:
    return hashlib.sha256(f"{trace_id} {entity_id}{purpose}".encode()).hexdigest()[:16]


def _aws_fields(call: Document) -> dict[str, Any]:
    """The call's `aws`, with the resource's name where call and service tell it."""
    aws = {name: value for name, value in as_mapping(call.get("aws")).items() if name != "resource_names"}
    table_names = aws.get("table_names")
    if isinstance(table_names, list) and len(table_names) == 1:
        aws.setdefault("table_name", table_names[0])
    resource_field = RESOURCES.get(call["name"].lower(), ("", ""))[0]
    if call.get("namespace") == "aws" and resource_field in aws and aws.get("operation"):
        aws["resource_names"] = [aws[resource_field]]
    return aws


def _origin(call: Document, aws: dict[str, Any]) -> str | None:
    """The type of what a call reached; None for a foreign host, whose inferred segment has no origin."""
    if "sql" in call:
        return "Database::SQL"
    if call.get("namespace") != "aws":
        return None
    if "resource_names" in aws:
        return RESOURCES[call["name"].lower()][1]
    return f"AWS::{call['name']}"


def node_of(segment: Document) -> Node:
    """The service map's node of a segment: name and type. An inferred table's node has the table's name."""
    origin = segment.get("origin")
    if not segment.get("inferred"):
        return str(segment["name"]), origin if isinstance(origin, str) else None
    resource_names = as_mapping(segment.get("aws")).get("resource_names")
    return str(resource_names[0] if resource_names else segment["name"]), origin or "remote"


def client_node_of(segment: Document) -> Node:
    """The node of the client that called an entry segment: the segment's name and the type "client"."""
    return str(segment["name"]), "client"
