"""The index: one narrow row (an entry) for each trace, written when the trace has been quiet for a moment.

Time ranges, filters and service graphs are answered from entries; only traces that an answer shows are
assembled from their documents. Entries can be rebuilt from the documents at any time.
"""

import json
import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import orjson

from local.xray.graph_events import GraphElement, GraphEvent, StartRange, events_of
from local.xray.segments import Document, StoredTrace, as_mapping, descendants
from local.xray.status import STATUSES, status_of
from local.xray.summaries import searchable_words, summarize
from local.xray.traces import Node, Trace, assemble, node_of

VERSION = 3  # of the tables below; entries of another version are dropped and rebuilt
DROP = "DROP TABLE IF EXISTS places; DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS indexed;"
SCHEMA = """
CREATE TABLE IF NOT EXISTS places (id INTEGER PRIMARY KEY, place TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS entries (
  started REAL, trace_id TEXT, response_s REAL, duration_s REAL, status INTEGER, outcomes INTEGER,
  partial INTEGER, events BLOB, words TEXT, PRIMARY KEY (started, trace_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexed (trace_id TEXT PRIMARY KEY, started REAL, revision INTEGER) WITHOUT ROWID;
"""
PUT_ENTRY = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
PUT_INDEXED = "INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)"

# an event is packed into 64 bits: graph element, status, milliseconds
MS_BITS, STATUS_BITS = 32, 3
ELEMENT_SHIFT = MS_BITS + STATUS_BITS
LONGEST_MS = (1 << MS_BITS) - 1
MAX_LINKS = 20  # of one segment, as on AWS
ROOT_SHIFT = 8  # `outcomes`: bits 0-4 say which statuses occur in the trace, bits 8-12 which one the root has


class Index:
    """Writes entries and counts graphs from them. The writer calls `put` and `load`, any thread the rest."""

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
        """Write the entries of these traces, replacing older ones."""
        for stored in traces:
            trace = assemble(stored)
            connection.execute(
                "DELETE FROM entries WHERE trace_id = ?1 AND started = "
                "(SELECT started FROM indexed WHERE trace_id = ?1)",
                (stored.trace_id,),
            )
            if trace.documents:
                summary = summarize(trace)
                events = events_of(trace, _links(connection, trace))
                entry = (
                    stored.started_s,
                    stored.trace_id,
                    summary["ResponseTime"],
                    summary["Duration"],
                    summary["Http"].get("HttpStatus"),
                    _status_bits(trace),
                    int(summary["IsPartial"]),
                    self._pack(connection, events),
                    searchable_words(trace),
                )
                connection.execute(PUT_ENTRY, entry)
            connection.execute(PUT_INDEXED, (stored.trace_id, stored.started_s, stored.revision))

    def count(
        self, select: Callable[[str], Iterable[tuple[float, bytes]]]
    ) -> tuple[Counter[GraphEvent], dict[GraphElement, StartRange]]:
        """Count the events of the (start, packed events) rows that `select("ASC")` gives, oldest first.

        Rows are not held in memory; they are selected again from either end to see when each element first
        and last occurred.
        """
        numbers = array("q")
        for _, events in select("ASC"):
            numbers.frombytes(events)
        counted = Counter(numbers)
        counts: Counter[GraphEvent] = Counter(
            {self._event(number): times for number, times in counted.items()}
        )
        elements = {number >> ELEMENT_SHIFT for number in counted}
        first, last = (_first_starts(select(order), len(elements)) for order in ("ASC", "DESC"))
        return counts, {self._elements[number]: (first[number], last[number]) for number in elements}

    def unpack(self, packed: bytes) -> list[GraphEvent]:
        """The graph events of one entry."""
        return [self._event(number) for number in array("q", packed)]

    def _pack(self, connection: sqlite3.Connection, events: list[GraphEvent]) -> bytes:
        return array(
            "q",
            [
                self._number(connection, event.element) << ELEMENT_SHIFT
                | event.status << MS_BITS
                | min(event.took_ms, LONGEST_MS)
                for event in events
            ],
        ).tobytes()

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


def _links(connection: sqlite3.Connection, trace: Trace) -> Iterator[tuple[Node, Document]]:
    """Pairs of a node of another trace and the segment of this trace that links to it; others are skipped."""
    for segment in trace.segments:
        links = segment.get("links")
        for link in links[:MAX_LINKS] if isinstance(links, list) else ():
            trace_id, entity_id = as_mapping(link).get("trace_id"), as_mapping(link).get("id")
            rows = connection.execute("SELECT body FROM documents WHERE trace_id = ?", (str(trace_id),))
            for document in (orjson.loads(body) for (body,) in rows):
                if any(entity["id"] == entity_id for entity in (document, *descendants(document))):
                    yield node_of(document), segment


def _first_starts(rows: Iterable[tuple[float, bytes]], elements: int) -> dict[int, float]:
    """The start of the first row in which each element occurs, by the element's number."""
    starts: dict[int, float] = {}
    for started_s, events in rows:
        for number in array("q", events):
            starts.setdefault(number >> ELEMENT_SHIFT, started_s)
        if len(starts) == elements:
            break
    return starts


def _status_bits(trace: Trace) -> int:
    bits = 0
    for entity in (*trace.entities, *trace.inferred):
        bits |= 1 << STATUSES.index(status_of(entity))
    return bits | 1 << STATUSES.index(status_of(trace.root or {})) + ROOT_SHIFT


def _element(text: str) -> GraphElement:
    kind, node, callee, alias = json.loads(text)
    return GraphElement(kind, tuple(node), tuple(callee) if callee else None, alias)
