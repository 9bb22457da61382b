"""The store: completed documents are final, age and size are bounded, errors of SQLite don't stop it."""

import json
import sqlite3

import pytest

from local.xray.backend import Backend
from local.xray.segments import parse_document
from local.xray.storage import writer
from local.xray.storage.store import Store
from tests.unit.local.xray.documents import START, TRACE, segment, unfinished
from tests.waiting import wait_until


@pytest.fixture(name="store")
def _store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def put(store, document):
    store.writer.put(parse_document(json.dumps(document).encode()))
    store.writer.flush()


def test_a_segment_in_progress_is_replaced_and_the_first_completion_is_final(store):
    put(store, unfinished(segment("orders")))
    put(store, segment("orders", user="first"))
    put(store, segment("orders", user="second"))
    put(store, unfinished(segment("orders")))

    (trace,) = store.reader.traces([TRACE])

    assert [json.loads(body)["user"] for _, body in trace.documents] == ["first"]
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
    assert any(b'"orders"' in body for _, body in next(store.reader.traces([TRACE])).documents)
    store.close()


def test_a_store_of_an_older_version_keeps_its_traces_and_sampling_rules(tmp_path):
    """Until 0.1.0 documents had no time of receipt, and sampling rules a table of their own."""
    with sqlite3.connect(tmp_path / "x-ray.sqlite") as older:
        older.executescript(
            "CREATE TABLE documents (trace_id TEXT, entity_id TEXT, in_progress INTEGER, body BLOB,"
            " PRIMARY KEY (trace_id, entity_id)) WITHOUT ROWID;"
            "CREATE TABLE traces (trace_id TEXT PRIMARY KEY, started REAL, received REAL, revision INTEGER)"
            " WITHOUT ROWID;"
            "CREATE TABLE sampling_rules (name TEXT PRIMARY KEY, rule TEXT, created REAL, modified REAL);"
            "CREATE TABLE facts (name TEXT PRIMARY KEY, value REAL);"
        )
        received = parse_document(json.dumps(segment("orders")).encode())
        older.execute("INSERT INTO documents VALUES (?, ?, 0, ?)", (TRACE, received.entity_id, received.body))
        older.execute("INSERT INTO traces VALUES (?, ?, ?, 1)", (TRACE, START, START + 5))
        rule = {"RuleName": "mine", "Priority": 1, "FixedRate": 0.5, "ReservoirSize": 0}
        older.execute("INSERT INTO sampling_rules VALUES ('mine', ?, 7, 8)", (json.dumps(rule),))
    older.close()

    store = Store(tmp_path, max_age_h=1_000_000)
    backend = Backend(store)

    (record,) = backend.sampling_rules.records()
    assert (record["SamplingRule"]["FixedRate"], record["CreatedAt"]) == (0.5, 7)
    counts, _ = store.reader.graph_counts(START + 5, START + 6)
    assert sum(counts.values()) == 2  # the segment, and the client's edge to it
    store.close()
