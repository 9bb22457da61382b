"""The index: what questions need of each trace, in narrow rows, written when the trace has been quiet.

An entry is a row for each trace: filters and time ranges select by it. Arrivals hold the graph events of a
trace, a row for each time at which documents of the trace were received: graphs and time series count them.
Only traces that an answer shows are assembled from their documents. All rows can be rebuilt from the
documents at any time.
"""

import json
import logging
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import orjson

from local.xray.graph_events import GraphElement, GraphEvent, StartRange, events_of
from local.xray.segments import Document, StoredTrace, as_mapping, descendants, end_time_of
from local.xray.status import STATUSES, status_of
from local.xray.summaries import searchable_words, summarize
from local.xray.traces import Node, Trace, assemble, node_of

log = logging.getLogger(__name__)

VERSION = 4  # of the tables below; rows of another version are dropped and rebuilt
DROP = "".join(f"DROP TABLE IF EXISTS {table};" for table in ("places", "entries", "arrivals", "indexed"))
SCHEMA = """
CREATE TABLE IF NOT EXISTS places (id INTEGER PRIMARY KEY, place TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS entries (
  started REAL, trace_id TEXT, received REAL, first_end REAL, last_end REAL, response_s REAL, duration_s REAL,
  http_status INTEGER, statuses INTEGER, partial INTEGER, words TEXT, PRIMARY KEY (started, trace_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_receipt ON entries (received, trace_id);
CREATE TABLE IF NOT EXISTS arrivals (
  received REAL, trace_id TEXT, started REAL, elements BLOB, events BLOB, PRIMARY KEY (received, trace_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS arrivals_by_trace ON arrivals (trace_id);
CREATE TABLE IF NOT EXISTS indexed (trace_id TEXT PRIMARY KEY, started REAL, revision INTEGER) WITHOUT ROWID;
"""
DELETE_ENTRY = """
DELETE FROM entries
WHERE trace_id = ?1 AND started = (SELECT started FROM indexed WHERE trace_id = ?1)
"""
PUT_ENTRY = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PUT_ARRIVAL = "INSERT OR REPLACE INTO arrivals VALUES (?, ?, ?, ?, ?)"
WITHOUT_SUMMARY = "SELECT 1 FROM without_summary WHERE trace_id = ?"
PUT_INDEXED = "INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)"

# an event is packed into 64 bits: graph element, status, milliseconds
MS_BITS, STATUS_BITS = 32, 3
ELEMENT_SHIFT = MS_BITS + STATUS_BITS
LONGEST_MS = (1 << MS_BITS) - 1
MAX_LINKS = 20  # of one segment, as on AWS
ROOT_SHIFT = 8  # `statuses`: bits 0-4 say which occur in the trace, bits 8-12 which one the root has


class Index:
    """Writes the rows and counts events. The writer calls `put` and `load`, any thread the rest."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            connection.executescript(f"{DROP} PRAGMA user_version = {VERSION};")
        connection.executescript(SCHEMA)
        self.load(connection)

    def load(self, connection: sqlite3.Connection) -> None:
        """Read the numbers of all graph elements."""
        rows = connection.execute("SELECT id, place FROM places")
        self._numbers = {_element(text): number for number, text in rows}
        self._elements = {number: element for element, number in self._numbers.items()}

    def put(self, connection: sqlite3.Connection, traces: Iterable[StoredTrace]) -> None:
        """Write the rows of these traces, replacing older ones.

        A trace for which that fails gets no rows: no answer about other traces may fail for it.
        """
        for stored in traces:
            connection.execute(DELETE_ENTRY, (stored.trace_id,))
            connection.execute("DELETE FROM arrivals WHERE trace_id = ?", (stored.trace_id,))
            try:
                if not connection.execute(WITHOUT_SUMMARY, (stored.trace_id,)).fetchone():
                    self._put_rows(connection, stored)
            except sqlite3.Error:
                raise
            except Exception:  # a document that nobody thought of: logged, and found by its id only
                log.exception("trace %s can't be indexed", stored.trace_id)
            connection.execute(PUT_INDEXED, (stored.trace_id, stored.started_s, stored.revision))

    def _put_rows(self, connection: sqlite3.Connection, stored: StoredTrace) -> None:
        trace = assemble(stored)
        entry = _entry(stored, trace)
        arrivals = self._arrivals(connection, stored, trace)
        connection.execute(PUT_ENTRY, entry)
        connection.executemany(PUT_ARRIVAL, arrivals)

    def count(
        self, rows: Iterable[tuple[float, bytes, bytes]]
    ) -> tuple[Counter[GraphEvent], dict[GraphElement, StartRange]]:
        """Count the events of arrivals, given as (start of the trace, elements, events).

        Beside it, for each element, the starts of the first and the last trace that had it.
        """
        numbers = array("q")
        starts: dict[bytes, StartRange] = {}  # most traces share their elements with many others
        for started_s, elements, events in rows:
            numbers.frombytes(events)
            first_s, last_s = starts.get(elements, (started_s, started_s))
            starts[elements] = (min(first_s, started_s), max(last_s, started_s))
        counts: Counter[GraphEvent] = Counter(
            {self._event(number): times for number, times in Counter(numbers).items()}
        )
        ranges: dict[GraphElement, StartRange] = {}
        for elements, (first_s, last_s) in starts.items():
            for number in array("q", elements):
                low_s, high_s = ranges.get(self._elements[number], (first_s, last_s))
                ranges[self._elements[number]] = (min(low_s, first_s), max(high_s, last_s))
        return counts, ranges

    def unpack(self, packed: bytes) -> list[GraphEvent]:
        """The graph events of one arrival."""
        return [self._event(number) for number in array("q", packed)]

    def _arrivals(
        self, connection: sqlite3.Connection, stored: StoredTrace, trace: Trace
    ) -> list[tuple[float, str, float, bytes, bytes]]:
        packed: dict[float, array[int]] = defaultdict(lambda: array("q"))
        for received_s, event in events_of(trace, _links(connection, trace)):
            number = self._number(connection, event.element)
            took_ms = min(event.took_ms, LONGEST_MS)
            packed[received_s].append(number << ELEMENT_SHIFT | event.status << MS_BITS | took_ms)
        return [
            (
                received_s,
                stored.trace_id,
                stored.started_s,
                array("q", sorted({number >> ELEMENT_SHIFT for number in events})).tobytes(),
                events.tobytes(),
            )
            for received_s, events in packed.items()
        ]

    def _event(self, number: int) -> GraphEvent:
        status = number >> MS_BITS & (1 << STATUS_BITS) - 1
        return GraphEvent(self._elements[number >> ELEMENT_SHIFT], status, number & LONGEST_MS)

    def _number(self, connection: sqlite3.Connection, element: GraphElement) -> int:
        number = self._numbers.get(element)
        if number is None:
            cursor = connection.execute("INSERT INTO places (place) VALUES (?)", (json.dumps(element),))
            number = int(cursor.lastrowid or 0)
            self._elements[number] = element
            self._numbers[element] = number
        return number


def _entry(stored: StoredTrace, trace: Trace) -> tuple[float | str | None, ...]:
    summary = summarize(trace)
    ends = [end_s for segment in trace.segments if (end_s := end_time_of(segment)) is not None]
    return (
        stored.started_s,
        stored.trace_id,
        stored.received_s,
        min(ends, default=None),
        max(ends, default=None),
        summary["ResponseTime"],
        summary["Duration"],
        summary["Http"].get("HttpStatus"),
        _status_bits(trace),
        int(summary["IsPartial"]),
        searchable_words(trace),
    )


def _links(connection: sqlite3.Connection, trace: Trace) -> Iterator[tuple[Node, Document]]:
    """Pairs of a node of another trace and the segment of this trace that links to it; others are skipped."""
    for segment in trace.segments:
        links = segment.get("links")
        for link in links[:MAX_LINKS] if isinstance(links, list) else ():
            trace_id, entity_id = as_mapping(link).get("trace_id"), as_mapping(link).get("id")
            rows = connection.execute("SELECT body FROM documents WHERE trace_id = ?", (str(trace_id),))
            for document in (orjson.loads(body) for (body,) in rows):
                is_segment = document.get("type") != "subsegment"
                if is_segment and any(
                    entity["id"] == entity_id for entity in (document, *descendants(document))
                ):
                    yield node_of(document), segment


def _status_bits(trace: Trace) -> int:
    bits = 0
    for entity in (*trace.all_entities, *trace.inferred):
        bits |= 1 << STATUSES.index(status_of(entity))
    return bits | 1 << STATUSES.index(status_of(trace.root or {})) + ROOT_SHIFT


def _element(text: str) -> GraphElement:
    kind, node, callee, alias = json.loads(text)
    return GraphElement(kind, tuple(node), tuple(callee) if callee else None, alias)
