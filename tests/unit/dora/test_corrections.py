"""A later record corrects an earlier one; the same record sent again changes nothing."""

import random
from itertools import permutations

import pytest

from dora.analysis import analyse
from dora.readers import eventbridge
from tests.unit.dora.histories import at
from tests.unit.dora.readers.sample_events import SHA, action, deployment, event, execution, source


def record(kind, detail, when, **arguments):
    return event("lantern.delivery", f"{kind} Record", detail, when, **arguments)


STARTED = {
    "deploymentId": "d-1",
    "service": "orders",
    "status": "running",
    "startedAt": "2026-11-01T10:00:00Z",
    "exposedAt": "2026-11-01T10:05:00Z",
}


def analysed(*envelopes):
    return analyse(eventbridge.read(envelopes)).services["orders"]


def classes(service):
    attempts = (*service.counted, *service.blocked, *service.unknown, *service.running)
    return {attempt.deployment.id: attempt.kind for attempt in attempts}


def in_every_order(envelopes):
    return [list(order) for order in permutations(envelopes)]


def test_an_incident_that_is_closed_later_is_closed():
    """Users saw it from 10:05 on, and it was over at 11:30: 85 minutes, in whichever order it was told."""
    opened = {"incidentId": "i-1", "service": "orders", "openedAt": "2026-11-01T11:00:00Z"}
    records = [
        record("Deployment", STARTED | {"status": "succeeded", "liveAt": "2026-11-01T10:10:00Z"}, "1 10:10"),
        record("Incident", opened, "1 11:00"),
        record("Incident", opened | {"closedAt": "2026-11-01T11:30:00Z"}, "1 11:30"),
    ]

    for envelopes in in_every_order(records):
        (outage,) = analysed(*envelopes).outages

        assert (outage.recovery.at, outage.seconds) == (at("1 11:30"), 85 * 60)


def test_a_deployment_that_fails_later_has_failed():
    """Running at 10:00 and seen by users at 10:05, failed at 10:08: one failure, and nothing that runs."""
    records = [
        record("Deployment", STARTED, "1 10:00"),
        record("Deployment", STARTED | {"status": "failed", "endedAt": "2026-11-01T10:08:00Z"}, "1 10:08"),
    ]

    for envelopes in in_every_order(records):
        assert classes(analysed(*envelopes)) == {"d-1": "failed"}


def test_a_time_and_commits_that_come_later_are_added():
    """Told in three records: seen from 10:05, restored at 10:09, so 240 s; and the commit that it brought."""
    failed = STARTED | {"status": "failed"}
    commit = {"sha": "c1", "committedAt": "2026-11-01T09:00:00Z"}
    records = [
        record("Deployment", failed, "1 10:08"),
        record("Deployment", failed | {"restoredAt": "2026-11-01T10:09:00Z"}, "1 10:09"),
        record("Deployment", failed | {"commits": [commit]}, "1 10:30"),
    ]

    for envelopes in in_every_order(records):
        orders = analysed(*envelopes)

        assert orders.outages[0].seconds == 240
        assert [commit.sha for commit in orders.counted[0].commits] == ["c1"]


def test_commits_in_two_records_are_commits_of_both():
    """c1 in the first record and c2 in the second: two commits went live."""
    records = [
        record(
            "Deployment",
            STARTED
            | {"status": "succeeded", "commits": [{"sha": sha, "committedAt": f"2026-11-01T0{n}:00:00Z"}]},
            f"1 10:1{n}",
        )
        for n, sha in enumerate(("c1", "c2"))
    ]

    for envelopes in in_every_order(records):
        assert {lead.commit.sha for lead in analysed(*envelopes).leads} == {"c1", "c2"}


def test_an_earlier_record_that_is_sent_again_changes_nothing():
    """At-least-once delivery: another envelope, later, with what was said first."""
    failed = STARTED | {"status": "failed", "endedAt": "2026-11-01T10:08:00Z", "error": "TIMEOUT"}
    corrected = failed | {"error": "MANUAL_STOP"}
    records = [
        record("Deployment", failed, "1 10:08"),
        record("Deployment", corrected, "1 10:09"),
        record("Deployment", failed, "1 10:30"),
        record("Deployment", STARTED, "1 10:31"),
    ]

    for envelopes in in_every_order(records):
        (orders,) = analysed(*envelopes).counted

        assert (orders.kind, orders.deployment.error) == ("failed", "MANUAL_STOP")


def test_a_start_and_a_success_of_one_second_are_a_success_whatever_their_ids():
    """CodeDeploy's events tell whole seconds, and an event's id says nothing of its time."""
    for first, second in (("a", "b"), ("b", "a")):
        start = deployment("d-1", "START", "1 10:00", id_=first)
        success = deployment("d-1", "SUCCESS", "1 10:00", id_=second)

        assert classes(analysed(success, start)) == {"d-1": "ok"}


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED"])
def test_an_execution_that_ends_in_the_second_of_its_begin_has_ended(state):
    run = [
        execution("run-1", "STARTED", "1 10:00", id_="z"),
        source("run-1", SHA["aaa"], "1 10:00"),
        action("run-1", "Deploy", "orders", "Deploy", state, "1 10:00", {"external-execution-id": "d-1"}),
        execution("run-1", state, "1 10:00", id_="a"),
        deployment("d-1", "START", "1 10:00", id_="y"),
        deployment("d-1", "SUCCESS" if state == "SUCCEEDED" else "FAILURE", "1 10:00", id_="b"),
    ]

    for seed in range(10):
        random.Random(seed).shuffle(run)

        assert classes(analysed(*run)) == {"d-1": "ok" if state == "SUCCEEDED" else "unknown"}


def test_one_id_of_two_services_is_said_and_the_first_is_used():
    records = [
        record("Deployment", STARTED, "1 10:00", id_="e-1"),
        record("Deployment", STARTED | {"service": "catalog"}, "1 10:01", id_="e-2"),
    ]

    for envelopes in in_every_order(records):
        history = eventbridge.read(envelopes)

        assert [(each.id, each.service) for each in history.deployments] == [("d-1", "orders")]
        assert [note.reason for note in history.notes] == [
            "catalog and orders have a deployment of this id: the first is used"
        ]
