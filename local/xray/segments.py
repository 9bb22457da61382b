"""Segment documents, as datagrams and PutTraceSegments carry them, and the checks that the service makes.

Error codes are those that the service answers in UnprocessedTraceSegments, in the order in which it checks.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

Document = dict[str, Any]

MAX_DOCUMENT_BYTES = 64 * 1024
MAX_NAME = 200  # characters; longer names are cut, not refused
MAX_DEPTH = 100  # of nested subsegments
ENTITY_ID = re.compile(r"[0-9a-fA-F]{16}")
TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
W3C_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
LATEST_S = 4102444800.0  # the year 2100: later times are mistakes of the sender


class DocumentRejected(Exception):
    """A document that X-Ray refuses: `code`, the message and the entity's id as the service answers them.

    `kind` is "segment", "subsegment", or "entity" where the document does not tell which of both it is.
    """

    def __init__(self, code: str, entity_id: str | None = None, kind: str = "segment") -> None:
        cause = ", Cause: null" if kind == "subsegment" else ""
        super().__init__(f"Invalid {kind}. ErrorCode: {code}{cause}")
        self.code, self.entity_id = code, entity_id


@dataclass(frozen=True, slots=True)
class ReceivedDocument:
    """A valid document: a segment, or a subsegment that was sent by itself. `body` is its JSON."""

    trace_id: str
    entity_id: str
    start_s: float
    in_progress: bool
    body: bytes
    is_of_span: bool = False  # made of a span that came over OTLP


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """The documents of a trace as they are stored; `revision` counts how often it changed.

    `documents` are pairs of the time of receipt, in epoch seconds, and the JSON; `received_s` is the last
    receipt.
    """

    trace_id: str
    started_s: float
    received_s: float
    revision: int
    documents: tuple[tuple[float, bytes], ...]


def parse_document(text: bytes) -> ReceivedDocument:
    """Parse and check the JSON of one document. Raises DocumentRejected."""
    if len(text) > MAX_DOCUMENT_BYTES:
        raise DocumentRejected("ParseError", kind="entity")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        kind = "segment" if text.lstrip().startswith(b"{") else "entity"
        raise DocumentRejected("ParseError", kind=kind) from None
    if not isinstance(document, dict):
        raise DocumentRejected("ParseError", kind="entity")
    kind = document.get("type") or "segment"
    if kind not in ("segment", "subsegment"):
        raise DocumentRejected("UnknownType", _text(document.get("id")), "entity")
    _check(document, kind, is_independent=True, depth=0)
    document["trace_id"] = document["trace_id"].lower()
    try:
        body = orjson.dumps(document)
    except orjson.JSONEncodeError:  # nested too deeply
        raise DocumentRejected("ParseError", document["id"], kind) from None
    return ReceivedDocument(
        trace_id=document["trace_id"],
        entity_id=document["id"],
        start_s=float(document["start_time"]),
        in_progress=document.get("in_progress") is True,
        body=body,
    )


def to_json(document: Document) -> bytes:
    """The JSON of a document of a trace, which may be nested more deeply than orjson writes."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        return json.dumps(document, separators=(",", ":")).encode()


def normalized_trace_id(text: str) -> str | None:
    """A trace id in X-Ray's form and lower case, also from W3C's 32 hex digits. None for any other text."""
    if TRACE_ID.fullmatch(text):
        return text.lower()
    return f"1-{text[:8]}-{text[8:]}".lower() if W3C_TRACE_ID.fullmatch(text) else None


def share_of(trace_id: str) -> float:
    """A number in [0, 1) that follows from the id: the same traces are in a share each time."""
    return int(hashlib.sha256(trace_id.encode()).hexdigest()[:8], 16) / 2**32


def descendants(entity: Document) -> Iterator[Document]:
    """All subsegments below an entity, parents before their children."""
    waiting = [iter(entity.get("subsegments", ()))]
    while waiting:
        for child in waiting[-1]:
            yield child
            if child.get("subsegments"):
                waiting.append(iter(child["subsegments"]))
                break
        else:
            waiting.pop()


def end_time_of(entity: Document) -> float | None:
    """When an entity ended, in epoch seconds; None while it is in progress."""
    end = entity.get("end_time")
    return None if end is None else float(end)


def duration_of(entity: Document) -> float | None:
    """How long an entity took, in seconds; None while it is in progress."""
    end_s = end_time_of(entity)
    return None if end_s is None else end_s - float(entity["start_time"])


def exceptions_of(entity: Document) -> list[Document]:
    """The exceptions that an entity recorded in its `cause`."""
    exceptions = as_mapping(entity.get("cause")).get("exceptions")
    return [e for e in exceptions if isinstance(e, dict)] if isinstance(exceptions, list) else []


def as_mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one: the free parts of a document may hold anything."""
    return value if isinstance(value, dict) else {}


def _check(document: Document, kind: str, *, is_independent: bool, depth: int) -> None:
    entity_id = _text(document.get("id"))

    def rejection(code: str) -> DocumentRejected:
        return DocumentRejected(code, entity_id, kind)

    if depth > MAX_DEPTH:
        raise rejection("ParseError")
    if document.get("id") is None:
        raise rejection("MissingId")
    if entity_id is None or not ENTITY_ID.fullmatch(entity_id):
        raise rejection("InvalidId")
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise rejection("MissingName")
    document["name"] = name[:MAX_NAME]
    if is_independent:
        _check_trace_id(document, rejection)
    _check_times(document, kind, rejection)
    if is_independent:
        _check_parent_id(document, kind, rejection)
    children = document.get("subsegments", [])
    if not isinstance(children, list):
        del document["subsegments"]  # as the service does; the entity is kept
        children = []
    for child in children:
        if not isinstance(child, dict):
            raise DocumentRejected("ParseError", entity_id, "entity")
        _check(child, "subsegment", is_independent=False, depth=depth + 1)


def _check_trace_id(document: Document, rejection: Callable[[str], DocumentRejected]) -> None:
    if document.get("trace_id") is None:
        raise rejection("MissingTraceId")
    if not TRACE_ID.fullmatch(_text(document["trace_id"]) or ""):
        raise rejection("InvalidTraceId")


def _check_parent_id(document: Document, kind: str, rejection: Callable[[str], DocumentRejected]) -> None:
    parent_id = document.get("parent_id")
    if parent_id is None and kind == "subsegment":
        raise rejection("MissingParentId")
    if parent_id is not None and not ENTITY_ID.fullmatch(_text(parent_id) or ""):
        raise rejection("InvalidParentId")


def _check_times(document: Document, kind: str, rejection: Callable[[str], DocumentRejected]) -> None:
    if not _is_time(document.get("start_time")):
        raise rejection("MissingStartTime")
    has_end = document.get("end_time") is not None
    if document.get("in_progress") is True:
        if has_end:
            raise rejection(f"InProgress{kind.capitalize()}HasEndTime")
    elif not has_end or not _is_time(document["end_time"]):
        raise rejection("MissingEndTime")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST_S


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
