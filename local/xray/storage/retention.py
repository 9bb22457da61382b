"""Retention: traces beyond the allowed age are deleted, then the oldest until the file's size fits."""

import math
import sqlite3
import time
from typing import Any

TRIM_TO = 0.9  # of the allowed size, so that not every batch has to trim
LOOK_AFTER = 0.05  # of the allowed size newly written: the writer checks the size again


def trim(connection: sqlite3.Connection, max_bytes: int, max_age_s: float) -> None:
    """Delete whole traces, with their documents and index entries."""
    _delete(connection, "received < ?", (time.time() - max_age_s,))
    while (used := _used_bytes(connection)) > max_bytes:
        traces = connection.execute("SELECT count(*) FROM traces").fetchone()[0]
        surplus = max(1, math.ceil(traces * (1 - TRIM_TO * max_bytes / used)))
        oldest = "trace_id IN (SELECT trace_id FROM traces ORDER BY started LIMIT ?)"
        if not traces or not _delete(connection, oldest, (surplus,)):
            return


def _delete(connection: sqlite3.Connection, condition: str, parameters: tuple[Any, ...]) -> int:
    """Delete the traces that satisfy an SQL condition; returns their number."""
    trace_ids = f"SELECT trace_id FROM traces WHERE {condition}"  # noqa: S608
    entries = f"SELECT started, trace_id FROM indexed WHERE trace_id IN ({trace_ids})"  # noqa: S608
    connection.execute(f"DELETE FROM entries WHERE (started, trace_id) IN ({entries})", parameters)  # noqa: S608
    for table in ("arrivals", "indexed", "documents", "without_summary"):
        connection.execute(f"DELETE FROM {table} WHERE trace_id IN ({trace_ids})", parameters)  # noqa: S608
    return connection.execute(f"DELETE FROM traces WHERE {condition}", parameters).rowcount  # noqa: S608


def _used_bytes(connection: sqlite3.Connection) -> int:
    page_size, pages, free_pages = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(page_size * (pages - free_pages))
