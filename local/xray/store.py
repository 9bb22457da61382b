"""Documents and sampling rules in SQLite: one thread writes in batches, any thread reads.

Bounded by age and by size; the oldest traces go first. What was written is there after a kill -9; what waits
for the next batch, at most BATCH_S, is not.
"""

import itertools
import logging
import math
import queue
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from local.xray import retention
from local.xray.graph_events import Event, Place
from local.xray.index import Index
from local.xray.search import Condition
from local.xray.segments import Received, StoredTrace
from local.xray.service_graph import Span

log = logging.getLogger(__name__)

BATCH_S = 0.1
BATCH_DOCUMENTS = 2000
WAITING_BYTES = (
    32 * 1024 * 1024
)  # documents that wait to be written; beyond that they are dropped, and counted
CHECK_SIZE_S = 5.0
REST_S = 0.1  # a trace that has been quiet for so long is indexed
INDEX_TRACES = 100  # at a time, so that arriving documents never wait long
SETTLE_S = 1.0  # how long a question waits for what has just arrived
REPORT_EVERY_S = 60.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  trace_id TEXT, entity_id TEXT, in_progress INTEGER, body BLOB, PRIMARY KEY (trace_id, entity_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traces (
  trace_id TEXT PRIMARY KEY, started REAL, received REAL, revision INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (started, trace_id);
CREATE TABLE IF NOT EXISTS sampling_rules (name TEXT PRIMARY KEY, rule TEXT, created REAL, modified REAL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value REAL);
"""
# a completed document is final; one in progress may be replaced
PUT_DOCUMENT = """
INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
SET in_progress = excluded.in_progress, body = excluded.body WHERE documents.in_progress = 1
"""
EVENTS = "SELECT started, events FROM entries WHERE started >= ? AND started < ? ORDER BY started "
TRACE = "SELECT started, revision, body FROM traces JOIN documents USING (trace_id) WHERE trace_id = ?"
PUT_TRACE = """
INSERT INTO traces VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE
SET started = min(started, excluded.started), received = excluded.received, revision = revision + 1
"""


class Store:
    """All that the local X-Ray remembers."""

    def __init__(self, folder: Path, max_mb: int = 256, max_age_h: int = 168) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "x-ray.sqlite"
        self._max_bytes, self._max_age_s = max_mb * 1_000_000, max_age_h * 3600
        self._waiting: queue.Queue[Received | Callable[[], None] | None] = queue.Queue()
        self._put_bytes = self._taken_bytes = 0  # the one by whoever puts, the other by the writer
        self._put_lock = threading.Lock()
        self._local = threading.local()
        self._check_size_at, self._grown_bytes = 0.0, 0
        self.dropped, self.write_error, self._report_at = 0, "", 0.0
        self._writer_connection = self._connect()
        self._writer_connection.executescript(SCHEMA)
        self._index = Index(self._writer_connection)
        self._writer_connection.commit()
        self._unindexed: dict[str, float] = dict.fromkeys(
            self._behind(), 0.0
        )  # trace id, when it last changed
        self._writer = threading.Thread(target=self._write_batches, name="store-writer", daemon=True)
        self._writer.start()

    def put(self, document: Received) -> bool:
        """Queue a document for the next batch; False, and counted, when too much waits already."""
        with self._put_lock:
            if self._put_bytes - self._taken_bytes > WAITING_BYTES:
                self.dropped += 1
                return False
            self._put_bytes += len(document.body)
        self._waiting.put(document)
        return True

    def flush(self, within_s: float = 5.0) -> None:
        """Wait until all that was put before this call is written."""
        written = threading.Event()
        self._waiting.put(written.set)
        written.wait(within_s)

    def settle(self) -> None:
        """Wait until what has arrived is indexed, SETTLE_S at most: then questions see it."""
        done = threading.Event()

        def work() -> None:
            ends_at = time.monotonic() + SETTLE_S
            while self._unindexed and time.monotonic() < ends_at:
                if not self._retrying(partial(self._index_some, 0.0), attempts=1):
                    break
            done.set()

        self._waiting.put(work)
        done.wait(2 * SETTLE_S)

    def close(self) -> None:
        """Write what waits, and stop."""
        self._waiting.put(None)
        self._writer.join(5)
        self._writer_connection.close()

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query on this thread's own connection."""
        rows: list[tuple[Any, ...]] = self._connection().execute(sql, parameters).fetchall()
        return rows

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection: sqlite3.Connection = self._local.connection
        return connection

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement in the writer's thread and wait for it; returns the number of rows it changed."""
        outcome: deque[int | sqlite3.Error] = deque()
        done = threading.Event()

        def run() -> None:
            try:
                with self._writer_connection as connection:
                    outcome.append(connection.execute(sql, parameters).rowcount)
            except sqlite3.Error as error:
                outcome.append(error)
            done.set()

        self._waiting.put(run)
        if not done.wait(10):
            raise sqlite3.OperationalError("the store did not write within 10 s")
        result = outcome.pop()
        if isinstance(result, sqlite3.Error):
            raise result
        return result

    def traces(self, ids: Iterable[str]) -> list[StoredTrace]:
        """The named traces that are there, in that order."""
        found = (self._trace(trace_id) for trace_id in ids)
        return [trace for trace in found if trace]

    def between(
        self, start_s: float, end_s: float, after: tuple[float, str] = (0.0, ""), limit: int = -1
    ) -> list[StoredTrace]:
        """Traces that began in the range of epoch seconds, oldest first, behind `after`.

        Whole seconds, both ends included, as trace ids carry them: what just began is within "until now".
        """
        rows = self.read(
            "SELECT trace_id, started, revision, body FROM ("
            "  SELECT * FROM traces WHERE started >= ? AND started < ? AND (started, trace_id) > (?, ?)"
            "  ORDER BY started, trace_id LIMIT ?"
            ") JOIN documents USING (trace_id) ORDER BY started, trace_id",
            (math.floor(start_s), math.floor(end_s) + 1, *after, limit),
        )
        return [
            StoredTrace(trace_id, started_s, revision, tuple(row[3] for row in group))
            for (trace_id, started_s, revision), group in itertools.groupby(rows, key=lambda row: row[:3])
        ]

    def candidates(
        self, span: tuple[float, float], after: tuple[float, str], condition: Condition, limit: int
    ) -> list[tuple[float, str]]:
        """Start and id of traces that began in the range, behind `after`, and may be meant; oldest first."""
        where = f"started >= ? AND started < ? AND (started, trace_id) > (?, ?) AND {condition.sql}"
        rows = self.read(
            f"SELECT started, trace_id FROM entries WHERE {where} ORDER BY started, trace_id LIMIT ?",  # noqa: S608
            (math.floor(span[0]), math.floor(span[1]) + 1, *after, *condition.parameters, limit),
        )
        return [(started_s, trace_id) for started_s, trace_id in rows]

    def graph(self, start_s: float, end_s: float) -> tuple[Counter[Event], dict[Place, Span]]:
        """The counted graph events of the traces that began in the range, and when each place was seen."""
        self.settle()
        connection, span = self._connection(), (math.floor(start_s), math.floor(end_s) + 1)
        return self._index.count(lambda order: connection.execute(EVENTS + order, span))

    def received(self, start_s: float, end_s: float) -> Iterator[tuple[str, float, list[Event]]]:
        """Each trace that was last received in the range: its id, when, and its graph events."""
        self.settle()
        rows = self.read(
            "SELECT trace_id, received, events FROM traces JOIN entries USING (started, trace_id) "
            "WHERE received >= ? AND received < ? ORDER BY received",
            (start_s, end_s),
        )
        return ((trace_id, received_s, self._index.events(events)) for trace_id, received_s, events in rows)

    def count(self) -> int:
        """How many traces are there."""
        return int(self.read("SELECT count(*) FROM traces")[0][0])

    def fact(self, name: str) -> float:
        """A remembered number, 0 when it was never set."""
        rows = self.read("SELECT value FROM facts WHERE name = ?", (name,))
        return float(rows[0][0]) if rows else 0.0

    def set_fact(self, name: str, value: float) -> None:
        """Remember a number."""
        self.write(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
        )

    def _trace(self, trace_id: str) -> StoredTrace | None:
        rows = self.read(TRACE, (trace_id,))
        return _stored(trace_id, rows) if rows else None

    def _stored(self, connection: sqlite3.Connection, ids: list[str]) -> Iterator[StoredTrace]:
        for trace_id in ids:
            if rows := connection.execute(TRACE, (trace_id,)).fetchall():
                yield _stored(trace_id, rows)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=5, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -1000")  # each thread has one; the kernel caches too
        connection.execute("PRAGMA journal_size_limit = 4000000")
        return connection

    def _write_batches(self) -> None:
        while True:
            documents, errands, is_last = self._collect()
            if documents and not self._retrying(partial(self._write, documents)):
                self.dropped += len(documents)
            for errand in errands:
                errand()
            if self._unindexed and self._waiting.empty():
                self._retrying(partial(self._index_some, REST_S), attempts=1)
            if (
                time.monotonic() > self._check_size_at
                or self._grown_bytes > self._max_bytes * retention.LOOK_AFTER
            ):
                self._check_size_at, self._grown_bytes = time.monotonic() + CHECK_SIZE_S, 0
                self._retrying(self._trim, attempts=1)
            if is_last:
                return

    def _collect(self) -> tuple[list[Received], list[Callable[[], None]], bool]:
        """What arrives within BATCH_S of the first document; an errand ends the waiting."""
        documents: list[Received] = []
        errands: list[Callable[[], None]] = []
        idle_s = self._until_index_s()
        ends_at = time.monotonic() + (idle_s if self._waiting.empty() else BATCH_S)
        while len(documents) < BATCH_DOCUMENTS:
            try:
                item = self._waiting.get(timeout=max(0.0, ends_at - time.monotonic()))
            except queue.Empty:
                break
            if item is None:
                return documents, errands, True
            if isinstance(item, Received):
                ends_at = min(ends_at, time.monotonic() + BATCH_S)
                self._taken_bytes += len(item.body)
                documents.append(item)
            else:
                errands.append(item)
                break
        return documents, errands, False

    def _write(self, documents: list[Received]) -> None:
        now = time.time()
        self._grown_bytes += sum(len(document.body) for document in documents)
        with self._writer_connection as connection:
            connection.executemany(
                PUT_DOCUMENT, [(d.trace_id, d.entity_id, int(d.in_progress), d.body) for d in documents]
            )
            connection.executemany(PUT_TRACE, [(d.trace_id, d.start_s, now) for d in documents])
        self.write_error = ""
        changed = time.monotonic()
        for trace_id in {d.trace_id for d in documents}:
            self._unindexed.pop(trace_id, None)  # to the end: the order is that of the changes
            self._unindexed[trace_id] = changed

    def _behind(self) -> list[str]:
        """Traces that changed after they were indexed, from before a restart."""
        rows = self._writer_connection.execute(
            "SELECT trace_id FROM traces LEFT JOIN indexed USING (trace_id) "
            "WHERE indexed.revision IS NULL OR indexed.revision <> traces.revision"
        )
        return [trace_id for (trace_id,) in rows]

    def _until_index_s(self) -> float:
        """How long the writer may wait for documents before there is something to index."""
        changed = next(iter(self._unindexed.values()), None)
        if changed is None:
            return CHECK_SIZE_S
        return min(REST_S, max(0.0, changed + REST_S - time.monotonic()))

    def _index_some(self, rest_s: float) -> None:
        """Index some traces that have been quiet for `rest_s`, those that changed first before the others."""
        before = time.monotonic() - rest_s
        ready = [
            one
            for one, changed in itertools.islice(self._unindexed.items(), INDEX_TRACES)
            if changed <= before
        ]
        try:
            with self._writer_connection as connection:
                self._index.put(connection, self._stored(connection, ready))
        except sqlite3.Error:
            self._index = Index(self._writer_connection)  # what it numbered was rolled back
            raise
        for trace_id in ready:
            self._unindexed.pop(trace_id, None)

    def _trim(self) -> None:
        with self._writer_connection as connection:
            retention.trim(connection, self._max_bytes, self._max_age_s)

    def _retrying(self, work: Callable[[], None], attempts: int = 3) -> bool:
        """Do `work`; a full disk or a locked database is reported once a minute and ends nothing."""
        for attempt in range(1, attempts + 1):
            try:
                work()
            except sqlite3.Error as error:
                self.write_error = str(error)
                if time.monotonic() > self._report_at:
                    self._report_at = time.monotonic() + REPORT_EVERY_S
                    log.error("cannot write to %s: %s; receiving goes on", self._file, error)
                if attempt < attempts:
                    time.sleep(0.2 * attempt)
            else:
                return True
        return False


def _stored(trace_id: str, rows: list[tuple[Any, ...]]) -> StoredTrace:
    started_s, revision, _ = rows[0]
    return StoredTrace(trace_id, started_s, revision, tuple(body for _, _, body in rows))
