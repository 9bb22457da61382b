"""Everything that must outlive the process, in one SQLite file: records of each kind, and EventBridge events.

A record is written before the containers or the load balancer are changed, so a runner that is started again
knows what it was about to do.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import cattrs

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, number INTEGER NOT NULL,
  is_over INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS under_way ON documents (kind, number) WHERE NOT is_over;
CREATE INDEX IF NOT EXISTS by_number ON documents (number);
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, sent INTEGER DEFAULT 0
);
"""


class Journal:
    """The file. Threads may share it; each statement is a transaction unless `transaction` holds several."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._in_transaction = False
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        with contextlib.suppress(sqlite3.OperationalError):  # a new file, or one that has the column
            self._db.execute("ALTER TABLE documents ADD COLUMN is_over INTEGER NOT NULL DEFAULT 0")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything inside, or nothing of it when an exception leaves the block. May be nested."""
        with self._lock:
            if self._in_transaction:
                yield
                return
            self._in_transaction = True
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._in_transaction = False

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """Run one SQL statement and return its rows."""
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def announce(self, event: dict[str, Any]) -> None:
        """Keep an EventBridge event, to be sent and to be listed later."""
        self.execute("INSERT INTO events (body) VALUES (?)", json.dumps(event))

    def unsent_events(self) -> list[tuple[int, dict[str, Any]]]:
        """Return up to ten events that EventBridge has not received, each with its number, oldest first."""
        return self._events("sent = 0 ORDER BY number LIMIT 10")

    def mark_sent(self, number: int) -> None:
        """Note that EventBridge has received the event of this number."""
        self.execute("UPDATE events SET sent = 1 WHERE number = ?", number)

    def events(self, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Return every event whose number is greater than `after`, each with its number, oldest first."""
        return self._events("number > ? ORDER BY number", after)

    def events_of(self, detail_type: str) -> list[dict[str, Any]]:
        """Return every event of a detail-type, oldest first."""
        condition = "json_extract(body, '$.\"detail-type\"') = ? ORDER BY number"
        return [event for _, event in self._events(condition, detail_type)]

    def _events(self, condition: str, *values: Any) -> list[tuple[int, dict[str, Any]]]:
        rows = self.execute(f"SELECT number, body FROM events WHERE {condition}", *values)  # noqa: S608  constants of this module
        return [(number, json.loads(body)) for number, body in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


class Records(Generic[T]):
    """The records of one kind, dataclasses of the type `record_type`, in the order of their first writing.

    A member that a record of an earlier version lacks gets its default; one that no longer exists is dropped.
    """

    def __init__(
        self,
        journal: Journal,
        kind: str,
        record_type: type[T],
        is_over: Callable[[T], bool] = lambda _: False,
    ) -> None:
        self._journal, self._kind, self._type, self._is_over = journal, kind, record_type, is_over

    def put(self, key: str, record: T) -> None:
        """Write or replace a record. An unchanged record does not touch the disk."""
        self._journal.execute(
            "INSERT INTO documents (kind, id, body, is_over, number) VALUES (?, ?, ?, ?, "
            "(SELECT COALESCE(MAX(number), 0) + 1 FROM documents)) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, is_over = excluded.is_over "
            "WHERE body <> excluded.body OR is_over <> excluded.is_over",
            *(self._kind, key, json.dumps(cattrs.unstructure(record)), self._is_over(record)),
        )

    def get(self, key: str) -> T | None:
        """Return the record with this key, or None."""
        return next(iter(self._select("id = ?", key)), None)

    def all(self) -> list[T]:
        """Return every record, oldest first."""
        return self._select("TRUE ORDER BY number")

    def unfinished(self) -> list[T]:
        """Return the records that are not over, oldest first. Costs the same however long the history is."""
        return self._select("NOT is_over ORDER BY number")

    def newest(self) -> T | None:
        """Return the record that was written first most recently, or None."""
        return next(iter(self._select("TRUE ORDER BY number DESC LIMIT 1")), None)

    def where(self, member: str, value: str) -> list[T]:
        """Return the records whose member has this value, oldest first."""
        return self._select("json_extract(body, '$.' || ?) = ? ORDER BY number", member, value)

    def remove(self, key: str) -> None:
        """Delete a record."""
        self._journal.execute("DELETE FROM documents WHERE kind = ? AND id = ?", self._kind, key)

    def _select(self, condition: str, *values: str) -> list[T]:
        statement = f"SELECT body FROM documents WHERE kind = ? AND {condition}"  # noqa: S608  constants of this module
        rows = self._journal.execute(statement, self._kind, *values)
        return [cattrs.structure(json.loads(body), self._type) for (body,) in rows]
