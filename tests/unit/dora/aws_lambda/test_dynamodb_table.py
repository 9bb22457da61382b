"""What is kept once, what is replaced, and what does not fit."""

import random
from datetime import UTC, datetime

import pytest

from dora.aws_lambda import dynamodb_table
from tests.unit.dora.aws_lambda.table import Table


@pytest.fixture(name="table")
def _table(monkeypatch):
    table = Table()
    monkeypatch.setattr(
        dynamodb_table.boto3, "resource", lambda _: type("Resource", (), {"Table": lambda *_: table})()
    )
    return table


@pytest.fixture(name="kept")
def _kept(table):
    return dynamodb_table.Store("lantern-dora")


def test_an_id_is_kept_once_and_the_first_one_stays(kept):
    assert kept.add("envelope", "e-1", {"n": 1})
    assert not kept.add("envelope", "e-1", {"n": 2})

    assert kept.all("envelope") == {"e-1": {"n": 1}}


def test_every_page_of_a_kind_is_read_and_no_other_kind(kept):
    for number in range(7):
        kept.add("envelope", f"e-{number}", number)
    kept.add("commit", "c", "other")

    assert kept.all("envelope") == {f"e-{number}": number for number in range(7)}


def test_what_is_kept_ends_half_a_year_later_and_reports_do_not(kept, table, monkeypatch):
    monkeypatch.setattr(dynamodb_table.time, "time", lambda: 1_000_000.0)
    kept.add("envelope", "e-1", {})
    kept.replace_report("30d", 5, {"services": {}})

    assert table.items["envelope", "e-1"]["expires_at"] == 1_000_000 + 180 * 86400
    assert "expires_at" not in table.items["report", "30d"]


def test_an_older_report_never_replaces_a_newer_one(kept):
    kept.replace_report("30d", 100, {"services": {}, "at": "new"})

    assert not kept.replace_report("30d", 99, {"services": {}, "at": "old"})
    assert kept.replace_report("30d", 100, {"services": {}, "at": "as new"})
    assert kept.report("30d")["at"] == "as new"
    assert kept.report("7d") == {}


def test_instants_of_answers_become_text(kept):
    kept.add("deployment", "d-1", {"info": {"completeTime": datetime(2026, 11, 2, 10, 25, tzinfo=UTC)}})

    assert kept.all("deployment") == {"d-1": {"info": {"completeTime": "2026-11-02T10:25:00+00:00"}}}


def test_what_is_remembered_is_in_the_table_at_once(kept, table):
    remembered = dynamodb_table.StoredValues(kept, "commit")

    remembered["abc"] = {"at": 1.0}

    assert table.ids("commit") == {"abc"}
    assert dynamodb_table.StoredValues(kept, "commit") == {"abc": {"at": 1.0}}


def test_a_report_too_large_for_an_item_keeps_its_figures_and_says_what_it_lacks(kept, table):
    noise = random.Random(1)
    commits = [noise.randbytes(40).hex() for _ in range(20_000)]
    document = {"services": {"orders": {"metrics": {"x": 1}, "commits": commits}}, "notes": ["a note"]}

    kept.replace_report("90d", 1, document)

    assert len(table.items["report", "90d"]["body"]) < dynamodb_table.LARGEST_BYTES
    assert kept.report("90d")["services"] == {"orders": {"metrics": {"x": 1}}}
    assert "commits" in kept.report("90d")["left_out"]
