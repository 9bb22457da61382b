"""What every question needs of a trace: one narrow row, in order of time, written when it has come to rest.

Ranges, filters and graphs read these rows; only what is shown is put together from its documents. The rows
can be made again from the documents at any time.
"""

import json
import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import orjson

from local.xray.graph_events import Event, Node, Place, events_of
from local.xray.segments import Document, StoredTrace, as_mapping, subsegments
from local.xray.service_graph import Span
from local.xray.statistics import OUTCOMES, outcome
from local.xray.summaries import searchable, summarize
from local.xray.traces import Trace, assemble, node_of

VERSION = 3  # of what is below; another one is thrown away and made again
OLD = "DROP TABLE IF EXISTS places; DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS indexed;"
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

# An event in 64 bits: place, outcome, milliseconds
MS_BITS, OUTCOME_BITS = 32, 3
LONGEST_MS = (1 << MS_BITS) - 1
MAX_LINKS = 20  # of one segment
ROOT_SHIFT = 8  # outcomes: bits 0-4 anywhere in the trace, bits 8-12 the root's


class Index:
    """Makes the rows, and counts graphs out of them. Used by the store's writer; `count` by any thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            connection.executescript(f"{OLD} PRAGMA user_version = {VERSION};")
        connection.executescript(SCHEMA)
        self._ids = {
            _place(text): number for number, text in connection.execute("SELECT id, place FROM places")
        }
        self._places = {number: place for place, number in self._ids.items()}

    def put(self, connection: sqlite3.Connection, traces: Iterable[StoredTrace]) -> None:
        """Write the rows of some traces, in place of older ones."""
        for stored in traces:
            trace = assemble(stored)
            connection.execute(
                "DELETE FROM entries WHERE trace_id = ?1 AND started = "
                "(SELECT started FROM indexed WHERE trace_id = ?1)",
                (stored.trace_id,),
            )
            if trace.documents:
                summary = summarize(trace)
                events = events_of(trace, _linked(connection, trace))
                row = (
                    stored.started_s,
                    stored.trace_id,
                    summary["ResponseTime"],
                    summary["Duration"],
                    summary["Http"].get("HttpStatus"),
                    _outcomes(trace),
                    int(summary["IsPartial"]),
                    self._packed(connection, events),
                    searchable(trace),
                )
                connection.execute(PUT_ENTRY, row)
            connection.execute(PUT_INDEXED, (stored.trace_id, stored.started_s, stored.revision))

    def count(
        self, ask: Callable[[str], Iterable[tuple[float, bytes]]]
    ) -> tuple[Counter[Event], dict[Place, Span]]:
        """Count the events of the rows that `ask("ASC")` gives, (start, events) oldest first.

        The rows are not kept; they are asked for once more from either end, to see when each place was seen.
        """
        numbers = array("q")
        for _, events in ask("ASC"):
            numbers.frombytes(events)
        counted = Counter(numbers)
        counts: Counter[Event] = Counter({self._event(number): times for number, times in counted.items()})
        places = {number >> (MS_BITS + OUTCOME_BITS) for number in counted}
        first, last = (_first_seen(ask(order), len(places)) for order in ("ASC", "DESC"))
        return counts, {self._places[number]: (first[number], last[number]) for number in places}

    def events(self, packed: bytes) -> list[Event]:
        """The events of one row."""
        return [self._event(number) for number in array("q", packed)]

    def _packed(self, connection: sqlite3.Connection, events: list[Event]) -> bytes:
        return array(
            "q",
            [
                self._id(connection, event.place) << (MS_BITS + OUTCOME_BITS)
                | event.outcome << MS_BITS
                | min(event.took_ms, LONGEST_MS)
                for event in events
            ],
        ).tobytes()

    def _event(self, number: int) -> Event:
        outcome = number >> MS_BITS & (1 << OUTCOME_BITS) - 1
        return Event(self._places[number >> (MS_BITS + OUTCOME_BITS)], outcome, number & LONGEST_MS)

    def _id(self, connection: sqlite3.Connection, place: Place) -> int:
        known = self._ids.get(place)
        if known is None:
            cursor = connection.execute("INSERT INTO places (place) VALUES (?)", (json.dumps(place),))
            known = int(cursor.lastrowid or 0)
            self._places[known] = place
            self._ids[place] = known
        return known


def _linked(connection: sqlite3.Connection, trace: Trace) -> Iterator[tuple[Node, Document]]:
    """The nodes of other traces that link to segments of this one; a link to nowhere leads nowhere."""
    for segment in trace.segments:
        links = segment.get("links")
        for link in links[:MAX_LINKS] if isinstance(links, list) else ():
            trace_id, entity_id = as_mapping(link).get("trace_id"), as_mapping(link).get("id")
            rows = connection.execute("SELECT body FROM documents WHERE trace_id = ?", (str(trace_id),))
            for top in (orjson.loads(body) for (body,) in rows):
                if any(entity["id"] == entity_id for entity in (top, *subsegments(top))):
                    yield node_of(top), segment


def _first_seen(rows: Iterable[tuple[float, bytes]], places: int) -> dict[int, float]:
    found: dict[int, float] = {}
    for started, events in rows:
        for number in array("q", events):
            found.setdefault(number >> (MS_BITS + OUTCOME_BITS), started)
        if len(found) == places:
            break
    return found


def _outcomes(trace: Trace) -> int:
    """Which outcomes there are, one bit each: low bits anywhere, from ROOT_SHIFT on the root's."""
    bits = 0
    for entity in (*trace.entities, *trace.inferred):
        bits |= 1 << OUTCOMES.index(outcome(entity))
    return bits | 1 << OUTCOMES.index(outcome(trace.root or {})) + ROOT_SHIFT


def _place(text: str) -> Place:
    kind, node, callee, alias = json.loads(text)
    return Place(kind, tuple(node), tuple(callee) if callee else None, alias)
