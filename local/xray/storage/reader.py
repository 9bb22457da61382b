"""Reads stored traces, index entries and configuration. Each calling thread has a connection of its own."""

import itertools
import math
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from local.xray.graph_events import GraphElement, GraphEvent, StartRange
from local.xray.segments import StoredTrace
from local.xray.storage.schema import connect
from local.xray.storage.writer import TRACE, Writer, stored_trace

Position = tuple[float, str]  # a trace's start in epoch seconds and its id: the order of pages
BEGINNING: Position = (0.0, "")
EVENTS = "SELECT started, events FROM entries WHERE started >= ? AND started < ? ORDER BY started "


class Reader:
    """Queries over the file that `writer` writes."""

    def __init__(self, file: Path, writer: Writer) -> None:
        self._file = file
        self._writer = writer
        self._thread = threading.local()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        rows: list[tuple[Any, ...]] = self._connection().execute(sql, parameters).fetchall()
        return rows

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._thread, "connection"):
            self._thread.connection = connect(self._file)
        connection: sqlite3.Connection = self._thread.connection
        return connection

    def traces(self, trace_ids: Iterable[str]) -> Iterator[StoredTrace]:
        """The traces with these ids, in the order of the ids; unknown ids are skipped."""
        for trace_id in trace_ids:
            if rows := self.query(TRACE, (trace_id,)):
                yield stored_trace(trace_id, rows)

    def traces_between(
        self, start_s: float, end_s: float, after: Position = BEGINNING, limit: int = -1
    ) -> list[StoredTrace]:
        """Traces that began in the range of epoch seconds, oldest first, from behind `after` on.

        The range counts in whole seconds and includes both ends, because trace ids carry whole seconds: a
        trace that began a moment ago is within "until now".
        """
        rows = self.query(
            "SELECT trace_id, started, revision, body FROM ("
            "  SELECT * FROM traces WHERE started >= ? AND started < ? AND (started, trace_id) > (?, ?)"
            "  ORDER BY started, trace_id LIMIT ?"
            ") JOIN documents USING (trace_id) ORDER BY started, trace_id",
            (*_whole_seconds(start_s, end_s), *after, limit),
        )
        return [
            StoredTrace(trace_id, started_s, revision, tuple(row[3] for row in group))
            for (trace_id, started_s, revision), group in itertools.groupby(rows, key=lambda row: row[:3])
        ]

    def candidates(
        self, start_s: float, end_s: float, where: str, parameters: Sequence[Any], after: Position, limit: int
    ) -> list[Position]:
        """Positions of traces in the range whose entry satisfies `where`, oldest first, behind `after`."""
        rows = self.query(
            "SELECT started, trace_id FROM entries WHERE started >= ? AND started < ? "  # noqa: S608
            f"AND (started, trace_id) > (?, ?) AND {where} ORDER BY started, trace_id LIMIT ?",
            (*_whole_seconds(start_s, end_s), *after, *parameters, limit),
        )
        return [(started_s, trace_id) for started_s, trace_id in rows]

    def graph_counts(
        self, start_s: float, end_s: float
    ) -> tuple[Counter[GraphEvent], dict[GraphElement, StartRange]]:
        """How often each graph event occurred in the traces that began in the range.

        Beside it, for each node and edge, the starts of the first and the last trace that had it.
        """
        self._writer.index_now()
        connection, seconds = self._connection(), _whole_seconds(start_s, end_s)
        return self._writer.index.count(lambda order: connection.execute(EVENTS + order, seconds))

    def events_received(self, start_s: float, end_s: float) -> Iterator[tuple[str, float, list[GraphEvent]]]:
        """Trace id, time of receipt and graph events of each trace last received in the range."""
        self._writer.index_now()
        rows = self.query(
            "SELECT trace_id, received, events FROM traces JOIN entries USING (started, trace_id) "
            "WHERE received >= ? AND received < ? ORDER BY received",
            (start_s, end_s),
        )
        index = self._writer.index
        return ((trace_id, received_s, index.unpack(events)) for trace_id, received_s, events in rows)

    def count(self) -> int:
        """The number of stored traces."""
        return int(self.query("SELECT count(*) FROM traces")[0][0])


def _whole_seconds(start_s: float, end_s: float) -> tuple[int, int]:
    return math.floor(start_s), math.floor(end_s) + 1
