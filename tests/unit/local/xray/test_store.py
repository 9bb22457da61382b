"""The store: completed documents are final, age and size are bounded, errors of SQLite don't stop it."""

import json
import sqlite3

import pytest

from local.xray.segments import parse_document
from local.xray.storage import writer
from local.xray.storage.store import Store
from tests.unit.local.xray.documents import TRACE, segment
from tests.waiting import wait_until


@pytest.fixture(name="store")
def _store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def put(store, document):
    store.writer.put(parse_document(json.dumps(document).encode()))
    store.writer.flush()


def unfinished(document):
    return {key: value for key, value in document.items() if key != "end_time"} | {"in_progress": True}


def test_a_segment_in_progress_is_replaced_and_the_first_completion_is_final(store):
    put(store, unfinished(segment("orders")))
    put(store, segment("orders", user="first"))
    put(store, segment("orders", user="second"))
    put(store, unfinished(segment("orders")))

    (trace,) = store.reader.traces([TRACE])

    assert [json.loads(body)["user"] for body in trace.bodies] == ["first"]
    assert trace.revision == 4


def test_written_documents_are_there_after_a_restart(tmp_path):
    first = Store(tmp_path)
    put(first, segment("orders"))
    first.close()

    again = Store(tmp_path)

    assert len(list(again.reader.traces([TRACE]))) == 1
    again.close()


def test_the_oldest_traces_go_when_the_size_is_reached(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHECK_SIZE_S", 0.05)
    store = Store(tmp_path, max_mb=1)
    for number in range(100):
        document = segment("orders", start=float(number), metadata={"x": {"y": "z" * 30_000}})
        store.writer.put(
            parse_document(json.dumps(document | {"trace_id": f"1-{number:08x}-{number:024x}"}).encode())
        )
    store.writer.flush()
    wait_until(lambda: 0 < store.reader.count() < 40, 5)

    kept = [row[0] for row in store.reader.query("SELECT trace_id FROM traces ORDER BY started")]

    assert kept[-1].startswith("1-00000063")
    assert kept[0] != "1-00000000-000000000000000000000000"
    store.close()


def test_traces_that_are_too_old_go(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHECK_SIZE_S", 0.05)
    store = Store(tmp_path, max_age_h=1)
    put(store, segment("orders"))
    store.writer.execute("UPDATE traces SET received = received - 7200")

    wait_until(lambda: store.reader.count() == 0, 5)
    store.close()


def test_a_locked_database_is_reported_and_receiving_goes_on(tmp_path, caplog, monkeypatch):
    store = Store(tmp_path)
    store.writer._connection.execute("PRAGMA busy_timeout = 50")
    with sqlite3.connect(tmp_path / "x-ray.sqlite") as other:
        other.execute("BEGIN IMMEDIATE")
        store.writer.put(parse_document(json.dumps(segment("lost")).encode()))
        wait_until(lambda: store.writer.write_error, 5)
        other.rollback()
    other.close()
    wait_until(lambda: not store.writer.write_error or store.writer.dropped, 5)

    put(store, segment("orders"))

    assert "locked" in caplog.text
    assert any(b'"orders"' in body for body in next(store.reader.traces([TRACE])).bodies)
    store.close()


def test_a_page_continues_behind_the_last_trace_of_the_page_before(store):
    for number in range(5):
        store.writer.put(
            parse_document(
                json.dumps(segment("orders", start=1.0) | {"trace_id": f"1-5759e988-{number:024x}"}).encode()
            )
        )
    store.writer.flush()

    first = store.reader.traces_between(0, 2e9, limit=3)
    second = store.reader.traces_between(0, 2e9, (first[-1].started_s, first[-1].trace_id), limit=3)

    assert [len(first), len(second)] == [3, 2]
    assert not {t.trace_id for t in first} & {t.trace_id for t in second}


@pytest.mark.parametrize(
    ("start", "end", "traces"), [(280, 280, 1), (280.9, 280.1, 1), (281, 300, 0), (200, 279.9, 0)]
)
def test_a_time_range_covers_whole_seconds_at_both_ends(store, start, end, traces):
    put(store, segment("orders", start=0.5))

    assert len(store.reader.traces_between(1465510000 + start, 1465510000 + end)) == traces
