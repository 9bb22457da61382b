"""The table that is throttled on purpose."""

import json
import time

import pytest

from local.ministack import throttling
from local.ministack.throttling import Throttling, WrongFault

TO_THE_TABLE = b'{"TableName": "lantern-products"}'


@pytest.fixture(name="clock")
def _clock():
    return [100.0]


@pytest.fixture(name="table")
def _table(clock):
    return Throttling(None, lambda: clock[0])


def on(**fields):
    return json.dumps({"faults": [{"name": "throttled-table", **fields}]}).encode()


def test_nothing_is_refused_while_it_is_off(table):
    assert not table.is_on
    assert not any(table.refuses(TO_THE_TABLE) for _ in range(100))


def test_beyond_its_capacity_requests_to_the_table_are_refused_and_no_others(table, clock):
    table.replace(on(percent=80))

    refused = 0
    for n in range(200):
        clock[0] = 100 + n / 20
        refused += table.refuses(TO_THE_TABLE)
        assert not table.refuses(b'{"TableName": "lantern-orders"}')

    assert 200 - refused == pytest.approx(10 * 2 + throttling.BURST, abs=1)


def test_it_ends_by_itself(table):
    state = table.replace(on(ends_at=time.time() - 1))

    assert not table.is_on
    assert state["faults"] == []


def test_it_is_kept_over_a_restart(tmp_path):
    file = tmp_path / "faults" / "aws.json"
    state = Throttling(file).replace(on(percent=50))

    assert Throttling(file).state() == state


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "faults"),
        (b'{"faults": {}}', "faults"),
        (on(percent=0), "percent"),
        (on(percent=True), "percent"),
        (on(percent="much"), "percent"),
        (on(ends_at=1e12), "ends_at"),
        (on(speed=1), "speed"),
        (b'{"faults": [{"name": "leak"}]}', "name"),
    ],
)
def test_a_wrong_body_is_refused_and_changes_nothing(table, body, field):
    table.replace(on(percent=50))

    with pytest.raises(WrongFault, match=field):
        table.replace(body)

    assert table.state()["faults"][0]["percent"] == 50
