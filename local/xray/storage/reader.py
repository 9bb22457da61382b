"""Reads stored traces, index rows and configuration. Each calling thread has a connection of its own."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from local.xray.graph_events import GraphElement, GraphEvent, StartRange
from local.xray.segments import StoredTrace
from local.xray.storage.index import WITHOUT_SUMMARY
from local.xray.storage.schema import connect
from local.xray.storage.writer import TRACE, Writer, stored_trace

# What has to be in a time range: the start of the trace (TraceId), its last update (Event) or the end
# of one of its segments (Service), as TimeRangeType names them; or the receipt of one of its documents.
Clock = Literal["TraceId", "Event", "Service", "Receipt"]
# by clock, the column by which pages are ordered, and the condition
RANGES: dict[Clock, tuple[str, str]] = {
    "TraceId": ("started", "started >= ?1 AND started < ?2"),
    "Event": ("received", "received >= ?1 AND received < ?2"),
    "Service": ("last_end", "last_end >= ?1 AND first_end < ?2"),
    "Receipt": (
        "started",
        "(started, trace_id) IN "
        "(SELECT started, trace_id FROM arrivals WHERE received >= ?1 AND received < ?2)",
    ),
}
ARRIVALS = "FROM arrivals WHERE received >= ? AND received < ?"

Position = tuple[float, str]  # the value of the order's column and the trace id: where a page ended
BEGINNING: Position = (0.0, "")


class Reader:
    """Queries over the file that `writer` writes.

    Ranges are [start, end) in epoch seconds.
    """

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

    def traces(self, trace_ids: Iterable[str], *, is_retrieval: bool = False) -> Iterator[StoredTrace]:
        """The traces with these ids, in the order of the ids; unknown ids are skipped.

        Only a retrieval has those without a summary.
        """
        for trace_id in trace_ids:
            rows = self.query(TRACE, (trace_id,))
            if rows and (is_retrieval or not self.query(WITHOUT_SUMMARY, (trace_id,))):
                yield stored_trace(trace_id, rows)

    def candidates(
        self,
        clock: Clock,
        start_s: float,
        end_s: float,
        where: str,
        parameters: Sequence[Any],
        after: Position,
        limit: int,
    ) -> list[Position]:
        """Positions of traces in the range whose entry satisfies `where`, in order, behind `after`."""
        order, in_range = RANGES[clock]
        return self.query(
            f"SELECT {order}, trace_id FROM entries WHERE {in_range} AND ({order}, trace_id) > (?3, ?4) "  # noqa: S608
            f"AND {where} ORDER BY {order}, trace_id LIMIT {limit:d}",
            (start_s, end_s, *after, *parameters),
        )

    def graph_counts(
        self, start_s: float, end_s: float
    ) -> tuple[Counter[GraphEvent], dict[GraphElement, StartRange]]:
        """How often each graph event was received in the range.

        Beside it, for each node and edge, the starts of the first and the last trace that had it.
        """
        self._writer.index_now()
        rows = self._connection().execute(f"SELECT started, elements, events {ARRIVALS}", (start_s, end_s))
        return self._writer.index.count(rows)

    def events_received(self, start_s: float, end_s: float) -> Iterator[tuple[str, float, list[GraphEvent]]]:
        """Trace id, time of receipt and graph events of all that was received in the range."""
        self._writer.index_now()
        rows = self.query(f"SELECT trace_id, received, events {ARRIVALS}", (start_s, end_s))
        index = self._writer.index
        return ((trace_id, received_s, index.unpack(events)) for trace_id, received_s, events in rows)

    def count(self) -> int:
        """The number of stored traces."""
        return int(self.query("SELECT count(*) FROM traces")[0][0])
