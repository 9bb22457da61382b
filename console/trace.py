"""A trace out of its documents: rows of a waterfall with self time and the critical path.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Span = tuple[float, float]

TRACE_ID = re.compile(r"1-?([0-9a-f]{8})-([0-9a-f]{24})", re.IGNORECASE)
W3C = re.compile(r"([0-9a-f]{8})([0-9a-f]{24})", re.IGNORECASE)
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-[0-9a-f]{16}-[0-9a-f]{2}", re.IGNORECASE)
END_OF_CALENDAR_S = 253_402_300_800
MAX_DEPTH = 24  # deeper rows are not indented further


def trace_id_of(text: str) -> str | None:
    """The id in X-Ray's form, from that form, a header, a W3C id or a `traceparent`; None when it is none."""
    words = text.strip()
    root = re.search(r"(?:^|;)\s*Root=([^;\s]+)", words)
    words = root[1] if root else words
    found = TRACE_ID.fullmatch(words) or W3C.fullmatch(words) or TRACEPARENT.fullmatch(words)
    return f"1-{found[1]}-{found[2]}".lower() if found else None


@dataclass(slots=True)
class Row:
    """A segment or subsegment; all times in epoch seconds."""

    document: Document
    service: str
    is_segment: bool
    start_s: float
    end_s: float | None
    depth: int = 0
    children: list["Row"] = field(default_factory=list)
    critical: list[Span] = field(default_factory=list)

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return str(self.document["id"])

    @property
    def name(self) -> str:
        """What it calls itself."""
        return str(self.document.get("name", ""))

    @property
    def duration_s(self) -> float | None:
        """Its length; None while it is in progress."""
        return None if self.end_s is None else max(0.0, self.end_s - self.start_s)

    @property
    def own_s(self) -> float | None:
        """Self time: what is covered by none of its children."""
        if self.end_s is None:
            return None
        own, reached = 0.0, self.start_s
        for child in sorted(self.children, key=lambda row: row.start_s):
            own += max(0.0, min(child.start_s, self.end_s) - reached)
            reached = max(reached, min(self.end_s if child.end_s is None else child.end_s, self.end_s))
        return own + max(0.0, self.end_s - reached)

    @property
    def status(self) -> str:
        """fault, throttle, error or ok."""
        return next((each for each in ("fault", "throttle", "error") if self.document.get(each)), "ok")

    @property
    def critical_s(self) -> float:
        """How much of the critical path is here."""
        return sum(end - start for start, end in self.critical)

    def call(self) -> str:
        """What was asked, in a few words: method and address, or an AWS operation and its table, or SQL."""
        http, aws, sql = (_mapping(self.document.get(part)) for part in ("http", "aws", "sql"))
        request, response = _mapping(http.get("request")), _mapping(http.get("response"))
        words = [request.get("method"), request.get("url"), response.get("status")]
        words += [aws.get("operation"), aws.get("table_name"), sql.get("sanitized_query")]
        return " ".join(str(word) for word in words if word not in (None, ""))


@dataclass(slots=True)
class Trace:
    """The rows in the order of a waterfall; `problem` says what could not be read."""

    trace_id: str
    rows: list[Row]
    documents: list[Document]
    problem: str = ""

    @property
    def start_s(self) -> float:
        """When it began."""
        return min((row.start_s for row in self.rows), default=0.0)

    @property
    def end_s(self) -> float:
        """When the last of it ended; what is in progress counts with its start."""
        return max((row.start_s if row.end_s is None else row.end_s for row in self.rows), default=0.0)

    @property
    def duration_s(self) -> float:
        """From the first start to the last end."""
        return self.end_s - self.start_s

    @property
    def w3c(self) -> str:
        """The id as OpenTelemetry writes it."""
        return self.trace_id[2:].replace("-", "")

    def row(self, row_id: str) -> Row | None:
        """The row of that id."""
        return next((row for row in self.rows if row.id == row_id), None)

    def services(self) -> list[str]:
        """The services in it, sorted, so that the same trace always has the same colours."""
        return sorted({row.service for row in self.rows})

    def percent(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Where a stretch is on the trace's own axis: left and width."""
        length = max(self.duration_s, 1e-6)
        left = min(100.0, max(0.0, 100 * (start_s - self.start_s) / length))
        return left, min(100 - left, max(0.0, 100 * (end_s - start_s) / length))


def assemble(trace_id: str, texts: Iterable[str]) -> Trace:
    """Put a trace's documents together; what can't be read is counted in `problem`, the rest is shown."""
    documents, unreadable = [], 0
    for text in texts:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if _is_entity(document):
            documents.append(document)
        else:
            unreadable += 1
    rows = list(_ordered(_tops(documents)))
    for row in rows:
        if not row.depth:
            _mark_critical_path(row)
    return Trace(
        trace_id, rows, documents, f"{unreadable} of its documents can't be read" if unreadable else ""
    )


def _tops(documents: list[Document]) -> list[Row]:
    """The rows that nobody here called, each with everything below it.

    What X-Ray inferred for a callee that sent nothing is left out: it repeats the caller's subsegment.
    """
    rows: dict[str, Row] = {}
    waiting: list[tuple[str, Row]] = []
    for document in documents:
        if not document.get("inferred"):
            _add(document, rows, waiting)
    tops = []
    for parent_id, row in waiting:
        parent = rows.get(parent_id)
        if parent and not _is_above(row, parent):
            parent.children.append(row)
            continue
        tops.append(row)
    return tops


def _add(document: Document, rows: dict[str, Row], waiting: list[tuple[str, Row]]) -> None:
    """Make the rows of a document; its own parent is looked for when all are made."""
    stack: list[tuple[Document, Row | None]] = [(document, None)]
    while stack:
        entity, parent = stack.pop()
        if not _is_entity(entity) or entity["id"] in rows:
            continue
        end = entity.get("end_time")
        is_segment = parent is None and entity.get("type") != "subsegment"
        service = str(entity.get("name", "")) if is_segment else parent.service if parent else ""
        row = Row(entity, service, is_segment, entity["start_time"], end if _is_time(end) else None)
        rows[entity["id"]] = row
        if parent:
            parent.children.append(row)
        else:
            waiting.append((str(entity.get("parent_id", "")), row))
        below = entity.get("subsegments")
        stack += [(child, row) for child in below] if isinstance(below, list) else []


def _is_above(row: Row, other: Row) -> bool:
    """Whether `other` is below `row` already, so that hanging `row` there would close a circle."""
    stack = [row]
    while stack:
        one = stack.pop()
        if one is other:
            return True
        stack += one.children
    return False


def _ordered(tops: list[Row]) -> Iterator[Row]:
    """Depth first, by start; subsegments that came by themselves take their caller's service."""
    stack = sorted(tops, key=lambda row: row.start_s, reverse=True)
    while stack:
        row = stack.pop()
        yield row
        row.children.sort(key=lambda child: child.start_s)
        for child in reversed(row.children):
            child.depth = row.depth + 1
            child.service = child.service or row.service
            stack.append(child)


def _mark_critical_path(top: Row) -> None:
    """What the end of the trace waited for: from the end back, always the child that finished last before.

    The rule is Jaeger's (https://www.jaegertracing.io, "critical path").
    """
    stack = [(top, float("inf"))]
    while stack:
        row, until = stack.pop()
        if row.end_s is None:
            continue
        reached = min(row.end_s, until)
        for child in sorted(row.children, key=lambda each: each.end_s or 0.0, reverse=True):
            if child.end_s is None or child.start_s >= reached or child.end_s <= row.start_s:
                continue
            if child.end_s > reached and reached < min(row.end_s, until):
                continue  # it ran beside the one that was waited for
            end = min(child.end_s, reached)
            if end < reached:
                row.critical.append((end, reached))
            stack.append((child, end))
            reached = max(child.start_s, row.start_s)
        if reached > row.start_s:
            row.critical.append((row.start_s, reached))


def exceptions_of(row: Row) -> list[Mapping[str, Any]]:
    """The exceptions of a row, outermost first; none when its cause is told elsewhere."""
    cause = row.document.get("cause")
    listed = cause.get("exceptions") if isinstance(cause, dict) else None
    return [each for each in listed or () if isinstance(each, dict)] if isinstance(listed, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_entity(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and _is_time(value.get("start_time"))


def _is_time(value: Any) -> bool:
    """Whether it is an instant that a calendar knows, in epoch seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < END_OF_CALENDAR_S
