import pytest

from dora import formatting, scorecards
from dora.analysis import analyse
from dora.metrics import report
from dora.records import History
from tests.unit.dora.histories import NOVEMBER, at, bad, commit, good, incident

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


def scorecard_of():
    made = report(analyse(History(RECORDS, (UNRELATED,))), NOVEMBER, NOVEMBER.end)
    [orders] = scorecards.scorecards(made)
    return orders


def test_five_cards_have_their_figure_and_its_trend():
    cards = {card.key: card for card in scorecard_of().cards}

    assert list(cards) == list(scorecards.KEYS)
    fail_rate = cards["change-fail-rate"].figure
    assert (formatting.value(fail_rate), formatting.basis(fail_rate)) == ("33.3 %", "1 of 3")
    assert formatting.basis(cards["change-lead-time"].figure) == "n = 2"
    assert cards["change-lead-time"].trend is not None


@pytest.mark.parametrize(
    ("key", "kind", "rows"),
    [
        ("change-lead-time", scorecards.COMMITS, 2),
        ("deployment-frequency", scorecards.DEPLOYMENTS, 3),
        ("change-fail-rate", scorecards.DEPLOYMENTS, 1),
        ("failed-deployment-recovery-time", scorecards.OUTAGES, 1),
        ("deployment-rework-rate", scorecards.DEPLOYMENTS, 0),
        (scorecards.CAUGHT, scorecards.DEPLOYMENTS, 1),
        (scorecards.OTHER_INCIDENTS, scorecards.INCIDENTS, 1),
    ],
)
def test_the_details_of_a_number_are_what_it_was_computed_from(key, kind, rows):
    details = scorecards.details(scorecard_of().measured, key)

    assert (details.kind, len(details.rows)) == (kind, rows)


def test_the_newest_rows_come_first():
    rows = scorecards.details(scorecard_of().measured, "deployment-frequency").rows

    assert [row.deployment.id for row in rows] == ["d-stopped", "d-second", "d-first"]


def test_the_reasons_are_those_of_the_failure_or_else_the_deployments_own_error():
    [failed] = scorecards.details(scorecard_of().measured, "change-fail-rate").rows
    [blocked] = scorecards.details(scorecard_of().measured, scorecards.CAUGHT).rows

    assert formatting.reasons(failed)[0] == "failed while users saw it: ALARM_ACTIVE"
    assert formatting.reasons(blocked) == ["tests failed"]


def test_a_deployments_own_commit_is_that_of_its_revision():
    second = scorecards.details(scorecard_of().measured, "deployment-frequency").rows[1]

    assert scorecards.own_commit(second).sha == "b" * 40
