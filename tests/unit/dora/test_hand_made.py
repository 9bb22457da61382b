"""Figures of a small history that a person computed from its timeline; hand_made.py shows it."""

import json

from dora.__main__ import main
from tests.unit.dora import hand_made

DAY = ("--since", "2026-11-02", "--until", "2026-11-03")


def test_events_alone_give_the_figures_that_a_person_computes(capsys):
    assert main(["--events", str(hand_made.EVENTS), *DAY, "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    orders = document["services"]["orders"]
    figures = orders["metrics"]
    # Users saw three of the four: good, failed, hotfix. Three in a window of one day.
    assert classes(orders) == {"d-GOOD": "ok", "d-FAILED": "failed", "d-HOTFIX": "ok", "d-BLOCKED": "blocked"}
    # The history begins at 9 o'clock: 15 hours, measured as one day.
    assert (figures["deployment frequency"]["value"], figures["deployment frequency"]["n"]) == (3, 3)
    # One of the three failed, one of the three repaired.
    assert rate(figures["change fail rate"]) == (1, 3)
    assert rate(figures["deployment rework rate"]) == (1, 3)
    assert figures["deployment rework rate"]["deployments"] == ["d-HOTFIX"]
    # The first brings the whole past. The hotfix carried three commits; events know when they were pushed,
    # and success at 11:31:00. 11:31:00 - 10:00:00 = 5460 s, - 11:00:00 = 1860 s, - 11:30:00 = 60 s.
    # Median 1860 s; mean (5460 + 1860 + 60) / 3 = 7380 / 3 = 2460 s.
    assert figures["change lead time"]["summary"] == {"n": 3, "median": 1860, "mean": 2460, "p90": 5460}
    # Events do not say when users saw the canary; the alarm rang at 11:00:54, and the roll-back had succeeded
    # at 11:01:05: 11 s.
    assert (figures["failed deployment recovery time"]["value"], orders["open_failures"]) == (11, [])
    assert document["time_scale"] == [60]


def classes(orders):
    by_id = {deployment["id"]: deployment["class"] for deployment in orders["deployments"]}
    return by_id | {deployment["id"]: deployment["class"] for deployment in orders["caught_before_users"]}


def rate(figure):
    assert figure["value"] == figure["numerator"] / figure["denominator"]
    return figure["numerator"], figure["denominator"]
