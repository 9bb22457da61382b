"""What users configure (groups, sampling rules, policies, tags …): JSON values by kind and name."""

import json
from typing import Any

from local.xray.storage.store import Store


class Configuration:
    """Reads and writes configured values. A write is on disk when the method returns."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, kind: str, name: str) -> Any:
        """The value of this kind and name, or None."""
        sql = "SELECT value FROM configuration WHERE kind = ? AND name = ?"
        rows = self._store.reader.query(sql, (kind, name))
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str) -> dict[str, Any]:
        """All values of a kind by their names, sorted by name."""
        sql = "SELECT name, value FROM configuration WHERE kind = ? ORDER BY name"
        return {name: json.loads(value) for name, value in self._store.reader.query(sql, (kind,))}

    def put(self, kind: str, name: str, value: Any) -> None:
        """Set or replace a value."""
        self._store.writer.execute(
            "INSERT INTO configuration VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (kind, name, json.dumps(value)),
        )

    def delete(self, kind: str, name: str) -> None:
        """Remove a value; nothing happens when there is none."""
        self._store.writer.execute("DELETE FROM configuration WHERE kind = ? AND name = ?", (kind, name))
