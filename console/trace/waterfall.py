"""A trace as a waterfall: rows out of its segment documents, with self time and the critical path.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from console.shared import axis
from console.shared.aws import Aws
from console.shared.status import status_of

Document = dict[str, Any]
Span = tuple[float, float]

END_OF_CALENDAR_S = 253_402_300_800
MAX_DEPTH = 24  # deeper rows are not indented further


@dataclass(slots=True)
class Row:
    """A segment or subsegment; times in epoch seconds, `critical` its parts of the critical path."""

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
        """The id: 16 hexadecimal digits."""
        return str(self.document["id"])

    @property
    def name(self) -> str:
        """The name of the service, table or host; a call is named after the service that answered it.

        The caller knows its address only, such as 127.0.0.1.
        """
        is_call = not self.is_segment and self.document.get("namespace") == "remote"
        callee = next((child for child in self.children if child.is_segment), None) if is_call else None
        return f"→ {callee.name}" if callee else str(self.document.get("name", ""))

    @property
    def duration_s(self) -> float | None:
        """The length in seconds; None while it is in progress."""
        return None if self.end_s is None else max(0.0, self.end_s - self.start_s)

    @property
    def self_s(self) -> float | None:
        """The self time: seconds during which no child ran; None while it is in progress."""
        if self.end_s is None:
            return None
        self_s, reached_s = 0.0, self.start_s
        for child in sorted(self.children, key=lambda row: row.start_s):
            self_s += max(0.0, min(child.start_s, self.end_s) - reached_s)
            reached_s = max(reached_s, min(self.end_s if child.end_s is None else child.end_s, self.end_s))
        return self_s + max(0.0, self.end_s - reached_s)

    @property
    def status(self) -> str:
        """The status: throttle, fault, error or ok."""
        return status_of(self.document)

    @property
    def critical_s(self) -> float:
        """How many seconds of the critical path are in this row itself."""
        return sum(end - start for start, end in self.critical)

    def call(self) -> str:
        """Return a short description of the call: method, URL and status; AWS operation and table; or SQL."""
        http, aws, sql = (_mapping(self.document.get(part)) for part in ("http", "aws", "sql"))
        request, response = _mapping(http.get("request")), _mapping(http.get("response"))
        words = [request.get("method"), request.get("url"), response.get("status")]
        words += [aws.get("operation"), aws.get("table_name"), sql.get("sanitized_query")]
        return " ".join(str(word) for word in words if word not in (None, ""))


@dataclass(slots=True)
class Trace:
    """The rows from top to bottom; `problem` says which documents could not be read, "" for none."""

    trace_id: str
    rows: list[Row]
    documents: list[Document]
    problem: str = ""

    @property
    def start_s(self) -> float:
        """When the first row starts, epoch seconds."""
        return min((row.start_s for row in self.rows), default=0.0)

    @property
    def end_s(self) -> float:
        """When the last row ends, epoch seconds; a row in progress counts with its start."""
        return max((row.start_s if row.end_s is None else row.end_s for row in self.rows), default=0.0)

    @property
    def duration_s(self) -> float:
        """Seconds from the first start to the last end."""
        return self.end_s - self.start_s

    @property
    def w3c(self) -> str:
        """The trace id as OpenTelemetry writes it: 32 hexadecimal digits."""
        return self.trace_id[2:].replace("-", "")

    def row(self, row_id: str) -> Row | None:
        """Return the row with that id, or None."""
        return next((row for row in self.rows if row.id == row_id), None)

    def services(self) -> list[str]:
        """Return the names of the services, sorted, so that a service keeps its colour."""
        return sorted({row.service for row in self.rows})

    def percent(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Return a time span's left and width on the waterfall's axis, in percent."""
        return axis.place(self.start_s, self.end_s, start_s, end_s)


def find_trace(aws: Aws, trace_id: str) -> Trace | None:
    """Return the trace, or None when X-Ray has none of that id; raises AwsError."""
    answer = aws.ask("xray", "batch_get_traces", TraceIds=[trace_id])
    texts = [segment["Document"] for trace in answer["Traces"] for segment in trace["Segments"]]
    trace = assemble(trace_id, texts)
    return trace if trace.rows else None


def assemble(trace_id: str, texts: Iterable[str]) -> Trace:
    """Build a trace from its documents, JSON texts; unreadable ones are left out and counted in `problem`."""
    read = [_document(text) for text in texts]
    documents = [document for document in read if document is not None]
    rows = list(_ordered(_roots(documents)))
    for row in rows:
        if not row.depth:
            _mark_critical_path(row)
    unreadable = len(read) - len(documents)
    return Trace(
        trace_id, rows, documents, f"{unreadable} of its documents can't be read" if unreadable else ""
    )


def _document(text: str) -> Document | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if _is_entity(document) else None


def _roots(documents: list[Document]) -> list[Row]:
    """The rows without a caller in this trace, each with its tree of children.

    A segment that X-Ray inferred for a callee that sent none is left out: it repeats the caller's subsegment.
    """
    rows: dict[str, Row] = {}
    parentless: list[tuple[str, Row]] = []
    for document in documents:
        if not document.get("inferred"):
            _add_rows(document, rows, parentless)
    roots: list[Row] = []
    for parent_id, row in parentless:
        parent = rows.get(parent_id)
        siblings = parent.children if parent and not _is_above(row, parent) else roots
        siblings.append(row)
    return roots


def _add_rows(document: Document, rows: dict[str, Row], parentless: list[tuple[str, Row]]) -> None:
    """Add a document's rows to `rows`, and its top row with the caller's id to `parentless`."""
    stack: list[tuple[Document, Row | None]] = [(document, None)]
    while stack:
        entity, parent = stack.pop()
        if not _is_entity(entity) or entity["id"] in rows:
            continue
        end_s = entity.get("end_time")
        is_segment = parent is None and entity.get("type") != "subsegment"
        service = str(entity.get("name", "")) if is_segment else parent.service if parent else ""
        row = Row(entity, service, is_segment, entity["start_time"], end_s if _is_time(end_s) else None)
        rows[entity["id"]] = row
        if parent:
            parent.children.append(row)
        else:
            parentless.append((str(entity.get("parent_id", "")), row))
        subsegments = entity.get("subsegments")
        stack += [(child, row) for child in subsegments] if isinstance(subsegments, list) else []


def _is_above(row: Row, parent: Row) -> bool:
    """Whether `parent` is `row` or below it, so that making `row` its child would close a cycle."""
    stack = [row]
    while stack:
        descendant = stack.pop()
        if descendant is parent:
            return True
        stack += descendant.children
    return False


def _ordered(roots: list[Row]) -> Iterator[Row]:
    """All rows, depth first and by start; a subsegment that was sent by itself takes its caller's service."""
    stack = sorted(roots, key=lambda row: row.start_s, reverse=True)
    while stack:
        row = stack.pop()
        yield row
        row.children.sort(key=lambda child: child.start_s)
        for child in reversed(row.children):
            child.depth = row.depth + 1
            child.service = child.service or row.service
            stack.append(child)


def _mark_critical_path(root: Row) -> None:
    """Mark what the end of the trace waited for: from the end back, the child that ended last before.

    The rule is Jaeger's (https://www.jaegertracing.io, "critical path").
    """
    stack = [(root, float("inf"))]
    while stack:
        row, until_s = stack.pop()
        if row.end_s is None:
            continue
        reached_s = min(row.end_s, until_s)
        for child in sorted(row.children, key=lambda child: child.end_s or 0.0, reverse=True):
            if child.end_s is None or child.start_s >= reached_s or child.end_s <= row.start_s:
                continue
            if child.end_s > reached_s and reached_s < min(row.end_s, until_s):
                continue  # it ran beside the child that was waited for
            end = min(child.end_s, reached_s)
            if end < reached_s:
                row.critical.append((end, reached_s))
            stack.append((child, end))
            reached_s = max(child.start_s, row.start_s)
        if reached_s > row.start_s:
            row.critical.append((row.start_s, reached_s))


def exceptions_of(row: Row) -> list[Mapping[str, Any]]:
    """Return the exceptions of a row, outermost first; none when its cause refers to another row's."""
    exceptions = _mapping(row.document.get("cause")).get("exceptions")
    return (
        [exception for exception in exceptions if isinstance(exception, dict)]
        if isinstance(exceptions, list)
        else []
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_entity(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and _is_time(value.get("start_time"))


def _is_time(value: Any) -> bool:
    """Whether `value` is epoch seconds of a year up to 9999."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < END_OF_CALENDAR_S
