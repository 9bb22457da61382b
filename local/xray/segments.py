"""Segment documents: what datagrams and PutTraceSegments carry, checked as the service checks them.

Error codes and their order follow what the service answers in UnprocessedTraceSegments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

Document = dict[str, Any]

MAX_DOCUMENT_BYTES = 64 * 1024
MAX_NAME = 200  # longer names are cut, not refused
MAX_DEPTH = 200
ENTITY_ID = re.compile(r"[0-9a-fA-F]{16}")
TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
W3C_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
LATEST_S = 4102444800.0  # the year 2100: beyond it a time is a mistake, not a time


class Rejected(Exception):
    """A document that X-Ray does not take; `code` and the message are the service's."""

    def __init__(self, code: str, entity_id: str | None = None, kind: str = "segment") -> None:
        cause = ", Cause: null" if kind == "subsegment" else ""
        super().__init__(f"Invalid {kind}. ErrorCode: {code}{cause}")
        self.code, self.entity_id = code, entity_id


@dataclass(frozen=True, slots=True)
class Received:
    """A valid document: a segment, or a subsegment that was sent on its own."""

    trace_id: str
    entity_id: str
    start_s: float
    in_progress: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """One trace's documents as they were received, and how often it changed."""

    trace_id: str
    started_s: float
    revision: int
    bodies: tuple[bytes, ...]


def receive(text: bytes) -> Received:
    """Check one document. Raises Rejected."""
    if len(text) > MAX_DOCUMENT_BYTES:
        raise Rejected("ParseError", kind="entity")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Rejected("ParseError", kind="entity") from None
    if not isinstance(document, dict):
        raise Rejected("ParseError", kind="entity")
    kind = document.get("type") or "segment"
    if kind not in ("segment", "subsegment"):
        raise Rejected("UnknownType", _text(document.get("id")), "entity")
    _check(document, kind, alone=True, depth=0)
    document["trace_id"] = document["trace_id"].lower()
    return Received(
        trace_id=document["trace_id"],
        entity_id=document["id"],
        start_s=float(document["start_time"]),
        in_progress=document.get("in_progress") is True,
        body=orjson.dumps(document),
    )


def trace_id_of(text: str) -> str | None:
    """A trace id in X-Ray's form, from that or from W3C's 32 hex digits; None when it is neither."""
    if TRACE_ID.fullmatch(text):
        return text.lower()
    return f"1-{text[:8]}-{text[8:]}".lower() if W3C_TRACE_ID.fullmatch(text) else None


def subsegments(document: Document) -> Iterator[Document]:
    """All subsegments below an entity, parents first."""
    for child in document.get("subsegments", ()):
        yield child
        yield from subsegments(child)


def end_of(document: Document) -> float | None:
    """When it ended, epoch seconds; None while it is in progress."""
    end = document.get("end_time")
    return None if end is None else float(end)


def as_mapping(value: Any) -> dict[str, Any]:
    """The value where it is an object; senders may put anything into the free parts of a document."""
    return value if isinstance(value, dict) else {}


def _check(document: Document, kind: str, *, alone: bool, depth: int) -> None:
    entity_id = _text(document.get("id"))

    def reject(code: str) -> Rejected:
        return Rejected(code, entity_id, kind)

    if depth > MAX_DEPTH:
        raise reject("ParseError")
    if document.get("id") is None:
        raise reject("MissingId")
    if entity_id is None or not ENTITY_ID.fullmatch(entity_id):
        raise reject("InvalidId")
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise reject("MissingName")
    document["name"] = name[:MAX_NAME]
    if alone:
        _check_trace(document, kind, reject)
    _check_times(document, kind, reject)
    children = document.get("subsegments", [])
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
        raise reject("ParseError")
    for child in children:
        _check(child, "subsegment", alone=False, depth=depth + 1)


def _check_trace(document: Document, kind: str, reject: Any) -> None:
    if document.get("trace_id") is None:
        raise reject("MissingTraceId")
    if not TRACE_ID.fullmatch(_text(document["trace_id"]) or ""):
        raise reject("InvalidTraceId")
    parent = document.get("parent_id")
    if parent is None and kind == "subsegment":
        raise reject("MissingParentId")
    if parent is not None and not ENTITY_ID.fullmatch(_text(parent) or ""):
        raise reject("InvalidParentId")


def _check_times(document: Document, kind: str, reject: Any) -> None:
    if not _is_time(document.get("start_time")):
        raise reject("MissingStartTime")
    has_end = document.get("end_time") is not None
    if document.get("in_progress") is True:
        if has_end:
            raise reject(f"InProgress{kind.capitalize()}HasEndTime")
    elif not has_end or not _is_time(document["end_time"]):
        raise reject("MissingEndTime")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST_S


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
