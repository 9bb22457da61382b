import pytest

from console.dora import scorecard
from console.shared.errors import BadInput
from dora import formatting
from dora.analysis import analyse
from dora.records import History
from tests.unit.dora.histories import at, bad, commit, good, incident

NOW = at("21 00:00")
RECORDS = (
    good("d-first", "1 10:00", "1 10:05", "1 10:10", revision="a" * 40),
    good(
        "d-second",
        "2 10:00",
        "2 10:05",
        "2 10:10",
        revision="b" * 40,
        commits=(commit("b" * 40, "2 09:00"), commit("c" * 40, "2 08:00")),
    ),
    bad("d-stopped", "3 10:00", "3 10:05", "3 10:08", restored_at=at("3 10:08"), error="ALARM_ACTIVE"),
    bad("run/orders", "4 10:00", None, "4 10:08", error="tests failed"),
)
UNRELATED = incident("i-other", "9 10:00", "9 11:00")


def selection(**arguments):
    return scorecard.selection(arguments, ["catalog", "orders"], at("1 10:00"), NOW)


def scorecard_of(**arguments):
    analysis = analyse(History(RECORDS, (UNRELATED,)))
    _, [orders] = scorecard.scorecards(analysis, selection(service="orders", window="30d", **arguments), NOW)
    return orders


def test_the_default_window_is_the_shortest_that_holds_the_whole_history():
    days = {0.1: "6h", 0.9: "24h", 3: "7d", 8: "30d", 400: "30d"}

    assert {age: scorecard.default_window(NOW - age * 86400, NOW) for age in days} == days
    assert scorecard.default_window(None, NOW) == "6h"


def test_a_window_can_end_at_an_instant():
    selected = selection(window="7d", until="2026-11-08")

    assert (selected.window.start, selected.window.end) == (at("1 00:00"), at("8 00:00"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"window": "soon"}, "window 'soon': expected UTC"),
        ({"window": "7d", "until": "soon"}, "until 'soon': expected UTC"),
        ({"window": "5000d"}, "window='5000d': expected at most 100 days"),
        ({"window": "99999w"}, "window 99999w until now: expected a begin before the end"),
        ({"service": "nobody"}, "service='nobody': there are deployments of catalog, orders"),
        ({"figure": "change-fail-rate"}, "and a service"),
        ({"figure": "speed", "service": "orders"}, "figure='speed': expected one of change-lead-time"),
    ],
)
def test_a_wrong_argument_is_refused_naming_it(arguments, words):
    with pytest.raises(BadInput) as caught:
        selection(**arguments)

    assert words in caught.value.detail


def test_five_cards_have_their_figure_and_its_trend():
    cards = {card.key: card for card in scorecard_of().cards}

    assert list(cards) == list(scorecard.KEYS)
    fail_rate = cards["change-fail-rate"].figure
    assert (formatting.value(fail_rate), formatting.basis(fail_rate)) == ("33.3 %", "1 of 3")
    assert formatting.basis(cards["change-lead-time"].figure) == "n = 2"
    assert cards["change-lead-time"].trend is not None


@pytest.mark.parametrize(
    ("key", "kind", "rows"),
    [
        ("change-lead-time", scorecard.COMMITS, 2),
        ("deployment-frequency", scorecard.DEPLOYMENTS, 3),
        ("change-fail-rate", scorecard.DEPLOYMENTS, 1),
        ("failed-deployment-recovery-time", scorecard.OUTAGES, 1),
        ("deployment-rework-rate", scorecard.DEPLOYMENTS, 0),
        (scorecard.BLOCKED, scorecard.DEPLOYMENTS, 1),
        (scorecard.INCIDENTS, scorecard.INCIDENTS, 1),
    ],
)
def test_the_details_of_a_number_are_what_it_was_computed_from(key, kind, rows):
    details = scorecard.details(scorecard_of().measured, key)

    assert (details.kind, len(details.rows)) == (kind, rows)


def test_the_newest_rows_come_first():
    rows = scorecard.details(scorecard_of().measured, "deployment-frequency").rows

    assert [row.deployment.id for row in rows] == ["d-stopped", "d-second", "d-first"]


def test_the_reasons_are_those_of_the_failure_or_else_the_deployments_own_error():
    [failed] = scorecard.details(scorecard_of().measured, "change-fail-rate").rows
    [blocked] = scorecard.details(scorecard_of().measured, scorecard.BLOCKED).rows

    assert scorecard.reasons(failed)[0] == "failed while users saw it: ALARM_ACTIVE"
    assert scorecard.reasons(blocked) == ["tests failed"]


def test_a_deployments_own_commit_is_that_of_its_revision():
    second = scorecard.details(scorecard_of().measured, "deployment-frequency").rows[1]

    assert scorecard.own_commit(second).sha == "b" * 40
