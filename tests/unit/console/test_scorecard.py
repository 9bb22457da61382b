import pytest

from console import scorecard
from console.errors import BadInput
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
OTHER = incident("i-other", "9 10:00", "9 11:00")


def asked(**arguments):
    return scorecard.asked(arguments, ["catalog", "orders"], at("1 10:00"), NOW)


def card(**arguments):
    judged = analyse(History(RECORDS, (OTHER,)))
    _, [found] = scorecard.scorecards(judged, asked(service="orders", window="30d", **arguments), NOW)
    return found


def test_the_usual_window_is_the_shortest_that_holds_the_whole_history():
    days = {0.1: "6h", 0.9: "24h", 3: "7d", 8: "30d", 400: "30d"}

    assert {age: scorecard.usual_window(NOW - age * 86400, NOW) for age in days} == days
    assert scorecard.usual_window(None, NOW) == "6h"


def test_a_window_can_end_at_an_instant():
    found = asked(window="7d", until="2026-11-08")

    assert (found.window.start, found.window.end) == (at("1 00:00"), at("8 00:00"))


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
def test_what_cannot_be_read_is_refused_naming_the_field(arguments, words):
    with pytest.raises(BadInput) as caught:
        asked(**arguments)

    assert words in caught.value.detail


def test_five_cards_have_their_number_its_basis_and_what_is_said_of_it():
    cards = {one.key: one for one in card().cards}

    assert list(cards) == list(scorecard.KEYS)
    assert (cards["change-fail-rate"].value, cards["change-fail-rate"].basis) == ("33.3 %", "1 of 3")
    assert cards["change-lead-time"].basis == "n = 2"
    assert cards["change-lead-time"].trend is not None


@pytest.mark.parametrize(
    ("key", "listed", "rows"),
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
def test_behind_a_number_is_what_it_was_computed_from(key, listed, rows):
    found = scorecard.behind(card().measured, key)

    assert (found.listed, len(found.rows)) == (listed, rows)


def test_the_newest_stand_first():
    rows = scorecard.behind(card().measured, "deployment-frequency").rows

    assert [one.deployment.id for one in rows] == ["d-stopped", "d-second", "d-first"]


def test_why_is_what_failed_it_or_else_what_it_said_itself():
    [failed] = scorecard.behind(card().measured, "change-fail-rate").rows
    [blocked] = scorecard.behind(card().measured, scorecard.BLOCKED).rows

    assert scorecard.why(failed)[0] == "failed while users saw it: ALARM_ACTIVE"
    assert scorecard.why(blocked) == ["tests failed"]


def test_a_deployments_own_commit_is_that_of_its_revision():
    second = scorecard.behind(card().measured, "deployment-frequency").rows[1]

    assert scorecard.own_commit(second).sha == "b" * 40
