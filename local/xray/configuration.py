"""What people set and X-Ray remembers: one small table of JSON values by kind and name."""

import json
from typing import Any

from local.xray.store import Store

REGION, ACCOUNT = "us-east-1", "111122223333"
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS configuration (kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name))"
)


class Configuration:
    """Written at once: what was answered is there after a kill -9."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.write(SCHEMA)

    def get(self, kind: str, name: str) -> Any:
        """The value; None when there is none."""
        rows = self._store.read("SELECT value FROM configuration WHERE kind = ? AND name = ?", (kind, name))
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str) -> dict[str, Any]:
        """Every value of a kind by its name, in the order of the names."""
        rows = self._store.read("SELECT name, value FROM configuration WHERE kind = ? ORDER BY name", (kind,))
        return {name: json.loads(value) for name, value in rows}

    def put(self, kind: str, name: str, value: Any) -> None:
        """Set or replace a value."""
        self._store.write(
            "INSERT INTO configuration VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (kind, name, json.dumps(value)),
        )

    def delete(self, kind: str, name: str) -> None:
        """Forget a value."""
        self._store.write("DELETE FROM configuration WHERE kind = ? AND name = ?", (kind, name))


def arn(resource: str) -> str:
    """An ARN of the laptop's one account."""
    return f"arn:aws:xray:{REGION}:{ACCOUNT}:{resource}"
