"""Writes documents into SQLite in batches, from one thread, and keeps the index and the size in order.

Documents that are written survive a kill -9; those that wait for the next batch, BATCH_S at most, do not.
"""

import itertools
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from local.xray.segments import ReceivedDocument, StoredTrace, share_of
from local.xray.storage import retention
from local.xray.storage.index import Index
from local.xray.storage.schema import connect, create_tables

log = logging.getLogger(__name__)

BATCH_S = 0.1
BATCH_DOCUMENTS = 2000
QUEUE_BYTES = 32 * 1024 * 1024  # when more waits to be written, new documents are dropped, and counted
CHECK_SIZE_S = 5.0
QUIET_S = 0.1  # a trace without new documents for so long is indexed
INDEX_TRACES = 100  # indexed in one go: arriving documents never wait long
INDEX_NOW_S = 1.0  # how long a query waits for the index
REPORT_EVERY_S = 60.0

# the first completed document of an entity is final; one in progress may be replaced
PUT_DOCUMENT = """
INSERT INTO documents VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET in_progress = excluded.in_progress, body = excluded.body, received = excluded.received
WHERE documents.in_progress = 1
"""
PUT_TRACE = """
INSERT INTO traces VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
SET started = min(started, excluded.started), received = excluded.received,
    revision = revision + excluded.revision
"""
# a trace of which something was there before keeps its summary
LEAVE_OUT = """
INSERT OR IGNORE INTO without_summary
SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM traces WHERE trace_id = ?1)
"""
NOT_INDEXED = """
SELECT trace_id FROM traces LEFT JOIN indexed USING (trace_id)
WHERE indexed.revision IS NULL OR indexed.revision <> traces.revision
"""
TRACE = """
SELECT started, traces.received, revision, documents.received, body
FROM traces JOIN documents USING (trace_id) WHERE trace_id = ?
"""

Job = Callable[[], None]


class Writer:
    """Owns the writing connection and its thread.

    `dropped` counts documents that were lost, `write_error` is the last error of SQLite ("" when the last
    batch was written). Of new traces `indexed_share` get a summary. `on_written` is told what was written.
    """

    def __init__(self, file: Path, *, max_bytes: int, max_age_s: float) -> None:
        self._file, self._max_bytes, self._max_age_s = file, max_bytes, max_age_s
        self._queue: queue.Queue[ReceivedDocument | Job | None] = queue.Queue()
        self._put_bytes = self._taken_bytes = 0  # the first changed by callers, the second by the thread
        self._put_lock = threading.Lock()
        self._check_size_at, self._grown_bytes = 0.0, 0
        self.dropped, self.write_error, self._report_at = 0, "", 0.0
        self.indexed_share = 1.0
        self.on_written: Callable[[list[ReceivedDocument]], None] | None = None
        self._connection = connect(file)
        create_tables(self._connection)
        self.index = Index(self._connection)
        self._connection.commit()
        # trace id → when it last changed; the order is that of the changes
        self._unindexed = {trace_id: 0.0 for (trace_id,) in self._connection.execute(NOT_INDEXED)}
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def put(self, document: ReceivedDocument) -> bool:
        """Queue a document for the next batch. False, and counted as dropped, when the queue is full."""
        with self._put_lock:
            if self._put_bytes - self._taken_bytes > QUEUE_BYTES:
                self.dropped += 1
                return False
            self._put_bytes += len(document.body)
        self._queue.put(document)
        return True

    def put_all(self, documents: Sequence[ReceivedDocument]) -> bool:
        """Queue these documents. False, and none of them is queued, when the queue is full."""
        with self._put_lock:
            if self._put_bytes - self._taken_bytes > QUEUE_BYTES:
                return False
            self._put_bytes += sum(len(document.body) for document in documents)
        for document in documents:
            self._queue.put(document)
        return True

    def flush(self, timeout_s: float = 5.0) -> None:
        """Wait until all documents that were put before this call are written."""
        self._run_in_thread(lambda: None, timeout_s)

    def index_now(self) -> None:
        """Wait until all documents that were put before this call are indexed, for INDEX_NOW_S at most."""

        def work() -> None:
            ends_at = time.monotonic() + INDEX_NOW_S
            while self._unindexed and time.monotonic() < ends_at:
                if not self._retry(partial(self._index_some, 0.0), attempts=1):
                    break

        self._run_in_thread(work, 2 * INDEX_NOW_S)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement and wait until it is committed; returns the number of rows that it changed.

        Raises sqlite3.Error.
        """
        outcome: deque[int | sqlite3.Error] = deque()

        def work() -> None:
            try:
                with self._connection as connection:
                    outcome.append(connection.execute(sql, parameters).rowcount)
            except sqlite3.Error as error:
                outcome.append(error)

        if not self._run_in_thread(work, 10):
            raise sqlite3.OperationalError("the store did not write within 10 s")
        result = outcome.pop()
        if isinstance(result, sqlite3.Error):
            raise result
        return result

    def close(self) -> None:
        """Write the queued documents and stop."""
        self._queue.put(None)
        self._thread.join(5)
        self._connection.close()

    def _run_in_thread(self, work: Job, timeout_s: float) -> bool:
        """Queue `work` behind the documents and wait for it; False when it took longer."""
        done = threading.Event()

        def job() -> None:
            work()
            done.set()

        self._queue.put(job)
        return done.wait(timeout_s)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            documents, job, is_last = self._collect()
            if documents and not self._retry(partial(self._write, documents)):
                self.dropped += len(documents)
            if job:
                job()
            if self._unindexed and self._queue.empty():
                self._retry(partial(self._index_some, QUIET_S), attempts=1)
            has_grown = self._grown_bytes > self._max_bytes * retention.LOOK_AFTER
            if time.monotonic() > self._check_size_at or has_grown:
                self._check_size_at, self._grown_bytes = time.monotonic() + CHECK_SIZE_S, 0
                self._retry(self._trim, attempts=1)

    def _collect(self) -> tuple[list[ReceivedDocument], Job | None, bool]:
        """The documents that arrive within BATCH_S of the first, the job that ended it, whether to stop."""
        documents: list[ReceivedDocument] = []
        wait_s = self._until_next_indexing_s() if self._queue.empty() else BATCH_S
        ends_at = time.monotonic() + wait_s
        while len(documents) < BATCH_DOCUMENTS:
            try:
                entry = self._queue.get(timeout=max(0.0, ends_at - time.monotonic()))
            except queue.Empty:
                break
            if not isinstance(entry, ReceivedDocument):
                return documents, entry, entry is None
            ends_at = min(ends_at, time.monotonic() + BATCH_S)
            self._taken_bytes += len(entry.body)
            documents.append(entry)
        return documents, None, False

    def _write(self, documents: list[ReceivedDocument]) -> None:
        now = time.time()
        self._grown_bytes += sum(len(document.body) for document in documents)
        starts: dict[str, list[float]] = {}
        for document in documents:
            starts.setdefault(document.trace_id, []).append(document.start_s)
        left_out = [
            (id_,) for id_ in starts if self.indexed_share < 1 and share_of(id_) >= self.indexed_share
        ]
        with self._connection as connection:
            connection.executemany(LEAVE_OUT, left_out)
            connection.executemany(
                PUT_DOCUMENT, [(d.trace_id, d.entity_id, int(d.in_progress), d.body, now) for d in documents]
            )
            connection.executemany(
                PUT_TRACE, [(id_, min(times), now, len(times)) for id_, times in starts.items()]
            )
        self.write_error = ""
        changed = time.monotonic()
        for trace_id in starts:
            self._unindexed.pop(trace_id, None)
            self._unindexed[trace_id] = changed
        if self.on_written:
            self.on_written(documents)

    def _until_next_indexing_s(self) -> float:
        """How long the thread may wait for documents before there is something to index."""
        changed = next(iter(self._unindexed.values()), None)
        if changed is None:
            return CHECK_SIZE_S
        return min(QUIET_S, max(0.0, changed + QUIET_S - time.monotonic()))

    def _index_some(self, quiet_s: float) -> None:
        """Index up to INDEX_TRACES traces without new documents for `quiet_s`, those that changed first."""
        before = time.monotonic() - quiet_s
        oldest = itertools.islice(self._unindexed.items(), INDEX_TRACES)
        trace_ids = [trace_id for trace_id, changed in oldest if changed <= before]
        try:
            with self._connection as connection:
                rows = (
                    (trace_id, connection.execute(TRACE, (trace_id,)).fetchall()) for trace_id in trace_ids
                )
                self.index.put(connection, (stored_trace(*row) for row in rows if row[1]))
        except sqlite3.Error:
            self.index.load(self._connection)  # the numbers that it gave out were rolled back
            raise
        for trace_id in trace_ids:
            self._unindexed.pop(trace_id, None)

    def _trim(self) -> None:
        with self._connection as connection:
            retention.trim(connection, self._max_bytes, self._max_age_s)

    def _retry(self, work: Job, attempts: int = 3) -> bool:
        """Whether `work` succeeded. A full disk or a locked database is logged once a minute, not raised."""
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


def stored_trace(trace_id: str, rows: list[tuple[float, float, int, float, bytes]]) -> StoredTrace:
    """The trace that the rows of TRACE make, of which there is at least one."""
    started_s, received_s, revision, *_ = rows[0]
    return StoredTrace(trace_id, started_s, received_s, revision, tuple(row[3:] for row in rows))
