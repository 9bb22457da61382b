"""What must outlive this process, in one SQLite file: documents by kind and id, and events.

A document is written whole and before the world is changed by it, so a runner that is started again knows
what it was about to do.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    """Used by several threads; each call is a transaction unless `together` holds several."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._held = False
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        with contextlib.suppress(sqlite3.OperationalError):  # a new file, or one that has the column
            self._db.execute("ALTER TABLE documents ADD COLUMN is_over INTEGER NOT NULL DEFAULT 0")
        self._db.executescript(SCHEMA)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything inside is written, or nothing."""
        with self._lock:
            if self._held:
                yield
                return
            self._held = True
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._held = False

    def put(self, kind: str, key: str, document: dict[str, Any], *, is_over: bool = False) -> None:
        """Write or replace a document; a new one comes after all others of its kind."""
        with self.together():
            self._db.execute(
                "INSERT INTO documents (kind, id, body, is_over, number) VALUES (?, ?, ?, ?, "
                "(SELECT COALESCE(MAX(number), 0) + 1 FROM documents)) "
                "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, is_over = excluded.is_over "
                "WHERE body <> excluded.body OR is_over <> excluded.is_over",  # else the disk is left alone
                (kind, key, json.dumps(document), is_over),
            )

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """One document."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every document of a kind, oldest first."""
        return self._select("WHERE kind = ? ORDER BY number", kind)

    def under_way(self, kind: str) -> list[dict[str, Any]]:
        """Those of a kind that are not over, oldest first: few, however long the history is."""
        return self._select("WHERE kind = ? AND NOT is_over ORDER BY number", kind)

    def newest(self, kind: str) -> dict[str, Any] | None:
        """The last of a kind."""
        return next(iter(self._select("WHERE kind = ? ORDER BY number DESC LIMIT 1", kind)), None)

    def where(self, kind: str, member: str, value: str) -> list[dict[str, Any]]:
        """Those of a kind that have this value in this member, oldest first."""
        condition = "WHERE kind = ? AND json_extract(body, '$.' || ?) = ? ORDER BY number"
        return self._select(condition, kind, member, value)

    def _select(self, condition: str, *values: str) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._db.execute(f"SELECT body FROM documents {condition}", values).fetchall()  # noqa: S608  constants of ours
        return [json.loads(body) for (body,) in rows]

    def remove(self, kind: str, key: str) -> None:
        """Forget a document."""
        with self.together():
            self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, key))

    def announce(self, event: dict[str, Any]) -> None:
        """Keep an EventBridge envelope until it is sent, and after."""
        with self.together():
            self._db.execute("INSERT INTO events (body) VALUES (?)", (json.dumps(event),))

    def unsent(self) -> list[tuple[int, dict[str, Any]]]:
        """Envelopes that EventBridge has not got yet, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT number, body FROM events WHERE sent = 0 ORDER BY number LIMIT 10"
            ).fetchall()
        return [(number, json.loads(body)) for number, body in rows]

    def sent(self, number: int) -> None:
        """EventBridge has it."""
        with self.together():
            self._db.execute("UPDATE events SET sent = 1 WHERE number = ?", (number,))

    def events(self, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Every envelope after number `after`."""
        with self._lock:
            rows = self._db.execute(
                "SELECT number, body FROM events WHERE number > ? ORDER BY number", (after,)
            ).fetchall()
        return [(number, json.loads(body)) for number, body in rows]

    def close(self) -> None:
        """Write what is left and end."""
        with self._lock:
            self._db.close()
