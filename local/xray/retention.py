"""What is forgotten: what is too old, then the oldest until the size fits."""

import math
import sqlite3
import time
from typing import Any

TRIM_TO = 0.9  # of the allowed size, so that not every batch has to trim
LOOK_AFTER = 0.05  # of the allowed size newly written, or a few seconds: the store looks again


def trim(connection: sqlite3.Connection, max_bytes: int, max_age_s: float) -> None:
    """Forget whole traces, with everything that was written about them."""
    _forget(connection, "received < ?", (time.time() - max_age_s,))
    while (used := _used_bytes(connection)) > max_bytes:
        total = connection.execute("SELECT count(*) FROM traces").fetchone()[0]
        few = max(1, math.ceil(total * (1 - TRIM_TO * max_bytes / used)))
        oldest = "trace_id IN (SELECT trace_id FROM traces ORDER BY started LIMIT ?)"
        if not total or not _forget(connection, oldest, (few,)):
            return


def _forget(connection: sqlite3.Connection, condition: str, parameters: tuple[Any, ...]) -> int:
    """How many traces were forgotten; `condition` is one of the two above."""
    doomed = f"SELECT trace_id FROM traces WHERE {condition}"  # noqa: S608
    rows = f"SELECT started, trace_id FROM indexed WHERE trace_id IN ({doomed})"  # noqa: S608
    connection.execute(f"DELETE FROM entries WHERE (started, trace_id) IN ({rows})", parameters)  # noqa: S608
    for table in ("indexed", "documents"):
        connection.execute(f"DELETE FROM {table} WHERE trace_id IN ({doomed})", parameters)  # noqa: S608
    return connection.execute(f"DELETE FROM traces WHERE {condition}", parameters).rowcount  # noqa: S608


def _used_bytes(connection: sqlite3.Connection) -> int:
    page, pages, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(page * (pages - free))
