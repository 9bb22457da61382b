import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.analysis import analyse
from dora.errors import InputError
from dora.json_report import document
from dora.metrics import LEAD_TIME, report
from dora.readers import eventbridge
from tests.unit.dora.histories import NOVEMBER, at
from tests.unit.dora.readers.sample_events import (
    SHA,
    action,
    alarm,
    deployment,
    event,
    execution,
    good_run,
    push,
    source,
    stopped_run,
)

TWO_RUNS = [*good_run("run-1", SHA["aaa"], "d-1", 1), *good_run("run-2", SHA["bbb"], "d-2", 2)]


def by_id(history):
    return {deployment.id: deployment for deployment in history.deployments}


def classes(history):
    service = analyse(history).services["orders"]
    return {
        attempt.deployment.id: attempt.kind
        for attempt in (*service.counted, *service.blocked, *service.unknown, *service.running)
    }


def reasons(history):
    return {note.id: note.reason for note in history.notes}


def test_a_run_becomes_a_deployment_with_revision_and_phases():
    deployment_2 = by_id(eventbridge.read(TWO_RUNS))["d-2"]

    assert (deployment_2.service, deployment_2.status, deployment_2.revision, deployment_2.execution) == (
        "orders",
        "succeeded",
        SHA["bbb"],
        "run-2",
    )
    assert (deployment_2.triggered_at, deployment_2.started_at, deployment_2.live_at) == (
        at("2 10:01"),
        at("2 10:06"),
        at("2 10:20"),
    )
    assert (deployment_2.build_s, deployment_2.approval_s, deployment_2.branch) == (180, None, "main")


def test_without_git_lead_time_is_measured_from_the_push_and_says_so():
    figures = report(analyse(eventbridge.read(TWO_RUNS)), NOVEMBER, 0).services["orders"].figures

    assert (figures[LEAD_TIME].value, figures[LEAD_TIME].n) == (1200, 1)
    assert figures[LEAD_TIME].remarks == ("1 measured from the push: --git knows the commits' own times",)


def test_neither_order_nor_repetition_of_events_matters():
    everything = [
        *TWO_RUNS,
        *stopped_run("run-3", SHA["ccc"], "d-3", 3),
        alarm("lantern-orders-errors", "ALARM", "3 10:12"),
    ]
    shuffled = everything * 2
    random.Random(7).shuffle(shuffled)

    ordered, other = eventbridge.read(everything), eventbridge.read(shuffled)

    assert by_id(ordered) == by_id(other)
    assert ordered.incidents == other.incidents
    assert set(ordered.notes) == set(other.notes)


def test_a_failed_build_is_a_blocked_attempt_of_its_service():
    run = [
        execution("run-3", "STARTED", "3 10:01"),
        source("run-3", SHA["ccc"], "3 10:01"),
        action(
            "run-3", "Build", "orders", "Build", "FAILED", "3 10:03", {"external-execution-summary": "tests"}
        ),
        execution("run-3", "FAILED", "3 10:03"),
    ]

    history = eventbridge.read(TWO_RUNS + run)

    assert classes(history) == {"d-1": "ok", "d-2": "ok", "run-3/orders": "blocked"}
    assert by_id(history)["run-3/orders"].error == "tests"


def catalog_too(run="run-2", key="d-c", state="SUCCEEDED", day=2, name="catalog"):
    """The same run deploys another service."""
    end = "SUCCESS" if state == "SUCCEEDED" else "FAILURE"
    return [
        deployment(key, "START", f"{day} 10:06", service="catalog"),
        deployment(key, end, f"{day} 10:20", service="catalog"),
        action(run, "Deploy", name, "Deploy", state, f"{day} 10:20", {"external-execution-id": key}),
    ]


def test_a_failed_build_blocks_only_the_service_that_it_builds():
    run = [
        execution("run-3", "STARTED", "3 10:01"),
        action("run-3", "Build", "orders", "Build", "FAILED", "3 10:03"),
        execution("run-3", "FAILED", "3 10:03"),
    ]

    ids = set(by_id(eventbridge.read([*TWO_RUNS, *catalog_too(), *run])))

    assert ids == {"d-1", "d-2", "d-c", "run-3/orders"}


def test_a_failed_deployment_is_no_attempt_of_the_services_that_came_after_it():
    run = [
        execution("run-3", "STARTED", "3 10:01"),
        *catalog_too("run-3", "d-c3", "FAILED", 3, "Production"),
        execution("run-3", "FAILED", "3 10:20"),
    ]

    assert set(by_id(eventbridge.read(TWO_RUNS + catalog_too() + run))) == {"d-1", "d-2", "d-c", "d-c3"}


def test_a_rollback_execution_that_failed_is_no_attempt():
    run = [execution("run-3", "STARTED", "3 10:01"), execution("run-3", "FAILED", "3 10:03")]
    run[0]["detail"]["execution-trigger"] = {"trigger-type": "AutomatedRollback"}

    assert set(by_id(eventbridge.read(TWO_RUNS + run))) == {"d-1", "d-2"}


def test_a_rejected_approval_blocks_every_service_of_the_pipeline():
    run = [
        execution("run-3", "STARTED", "3 10:01"),
        action("run-3", "Approval", "Agree", "Approval", "FAILED", "3 10:03"),
        execution("run-3", "FAILED", "3 10:03"),
    ]

    assert {"run-3/orders", "run-3/catalog"} <= set(by_id(eventbridge.read(TWO_RUNS + catalog_too() + run)))


def test_a_superseded_run_is_no_attempt():
    run = [execution("run-3", "STARTED", "3 10:01"), execution("run-3", "SUPERSEDED", "3 10:03")]

    assert set(by_id(eventbridge.read(TWO_RUNS + run))) == {"d-1", "d-2"}


def test_a_stop_for_an_alarm_is_a_failure_from_the_alarm_on_and_its_rollback_no_deployment():
    during = [
        alarm("lantern-orders-errors", "ALARM", "3 10:12"),
        alarm("lantern-orders-errors", "OK", "3 10:30", "ALARM"),
    ]

    history = eventbridge.read([*TWO_RUNS, *stopped_run("run-3", SHA["ccc"], "d-3", 3), *during])
    outage = analyse(history).services["orders"].outages[0]

    assert classes(history) == {"d-1": "ok", "d-2": "ok", "d-3": "failed"}
    assert (outage.deployments, outage.began_at, outage.recovery.at) == (
        ("d-3",),
        at("3 10:12"),
        at("3 10:25"),  # when the roll-back had succeeded
    )
    assert reasons(history)["d-3"] == "events do not say when users first saw it: by when its alarm began"
    assert reasons(history)["d-3-back"] == "taken for the roll-back of d-3: it began with its end"


def test_an_alarm_that_was_on_before_does_not_say_that_users_saw_anything():
    before = [alarm("lantern-orders-errors", "ALARM", "3 10:05")]

    history = eventbridge.read([*TWO_RUNS, *stopped_run("run-3", SHA["ccc"], "d-3", 3), *before])

    assert classes(history)["d-3"] == "blocked"


@pytest.mark.parametrize(
    ("error", "kind", "is_noted"),
    [
        ("HOOK_EXECUTION_FAILURE: The lifecycle event AfterAllowTestTraffic failed", "blocked", False),
        ("HOOK_EXECUTION_FAILURE: The lifecycle event AfterAllowTraffic failed", "failed", True),
        ("TIMEOUT: waiting for the replacement task set", "blocked", False),
        ("MANUAL_STOP: The deployment was stopped by a user.", "unknown", True),
    ],
)
def test_a_failure_without_alarms_is_told_by_its_error_or_noted(error, kind, is_noted):
    history = eventbridge.read([*TWO_RUNS, *stopped_run("run-3", SHA["ccc"], "d-3", 3, error)])

    assert classes(history)["d-3"] == kind
    assert ("d-3" in reasons(history)) == is_noted


def test_a_deployment_whose_own_events_are_missing_is_found_in_the_pipelines():
    """CodeDeploy's events come on a best-effort basis, CodePipeline's surely."""
    lost = [envelope for envelope in TWO_RUNS if envelope["source"] != "aws.codedeploy"]

    history = eventbridge.read(lost)

    assert classes(history) == {"d-1": "ok", "d-2": "ok"}
    assert reasons(history)["d-1"] == "CodeDeploy's own event of its end is missing, CodePipeline's is used"


def test_a_success_whose_begin_was_lost_counts():
    history = eventbridge.read([*TWO_RUNS, deployment("d-9", "SUCCESS", "9 10:00")])

    assert classes(history)["d-9"] == "ok"
    assert by_id(history)["d-9"].started_at == at("9 10:00")
    assert reasons(history)["d-9"] == "its begin is not known: counted from what is known of it"


def run_with(provider, state="SUCCEEDED"):
    """A run whose deploy action, from 10:05 to 10:12, is not CodeDeploy's."""
    return [
        execution("run-9", "STARTED", "1 10:01"),
        source("run-9", SHA["aaa"], "1 10:01"),
        action("run-9", "Deploy", "orders", "Deploy", "STARTED", "1 10:05", provider=provider),
        action("run-9", "Deploy", "orders", "Deploy", state, "1 10:12", provider=provider),
        execution("run-9", state, "1 10:12"),
    ]


@pytest.mark.parametrize("provider", ["ECS", "EKS", "Lambda", "ElasticBeanstalk", "AppRunner"])
def test_a_deploy_action_of_another_provider_is_a_deployment_of_the_service_that_it_names(provider):
    """Begun at 10:05, over and live at 10:12; a failed one told nobody whether users saw it."""
    good, failed = eventbridge.read(run_with(provider)), eventbridge.read(run_with(provider, "FAILED"))

    assert classes(good) == {"run-9/orders": "ok"}
    orders = by_id(good)["run-9/orders"]
    assert (orders.started_at, orders.live_at, orders.revision) == (at("1 10:05"), at("1 10:12"), SHA["aaa"])
    assert classes(failed) == {"run-9/orders": "unknown"}


def test_a_deploy_action_that_releases_no_service_is_named():
    history = eventbridge.read([*TWO_RUNS, *run_with("S3")])

    assert set(by_id(history)) == {"d-1", "d-2"}
    assert (
        reasons(history)["orders"] == "a deploy action by S3 releases no service here, so it is not counted"
    )


def test_groups_of_one_name_in_two_applications_stay_apart():
    other = deployment("d-9", "SUCCESS", "3 10:00")
    other["detail"]["application"] = "academy"

    assert set(analyse(eventbridge.read([*TWO_RUNS, other])).services) == {"lantern/orders", "academy/orders"}


def test_the_end_of_an_alarm_whose_begin_was_lost_tells_when_it_was():
    ended = alarm("lantern-orders-errors", "OK", "3 12:00", "ALARM")
    ended["detail"]["previousState"]["timestamp"] = "2026-11-03T11:30:00.000+0000"

    incident = analyse(eventbridge.read([*TWO_RUNS, ended])).services["orders"].links[0].incident

    assert (incident.service, incident.opened_at, incident.closed_at) == (
        "orders",
        at("3 11:30"),
        at("3 12:00"),
    )


def test_an_alarm_of_no_known_service_is_noted():
    analysis = analyse(eventbridge.read([*TWO_RUNS, alarm("lantern-checkout-errors", "ALARM", "3 12:00")]))

    assert analysis.services["orders"].links == []
    assert reasons(analysis)["lantern-checkout-errors"] == "the alarm's name holds no service's name (orders)"


def test_a_manual_rollback_execution_is_a_recovery():
    run = good_run("run-3", SHA["aaa"], "d-3", 3)
    for envelope in run:
        if envelope["detail"].get("state") == "STARTED" and envelope["detail-type"].startswith(
            "CodePipeline Pipeline"
        ):
            envelope["detail"]["execution-trigger"] = {"trigger-type": "ManualRollback"}

    assert classes(eventbridge.read(TWO_RUNS + run)) == {"d-1": "ok", "d-2": "failed"}


def test_a_deployment_record_knows_better_than_guesses():
    record = event(
        "lantern.delivery",
        "Deployment Record",
        {
            "deploymentId": "d-3",
            "service": "orders",
            "status": "stopped",
            "startedAt": "2026-11-03T10:06:00Z",
            "exposedAt": "2026-11-03T10:09:00Z",
            "endedAt": "2026-11-03T10:15:00Z",
            "restoredAt": "2026-11-03T10:15:30Z",
            "commits": [
                {"sha": "c1", "committedAt": "2026-11-03T09:00:00Z", "message": "Fix\n\nIncident: i-1"}
            ],
        },
        "3 10:16",
    )

    history = eventbridge.read([*TWO_RUNS, *stopped_run("run-3", SHA["ccc"], "d-3", 3), record])
    three = by_id(history)["d-3"]

    assert (three.exposed_at, three.revision, three.execution) == (at("3 10:09"), SHA["ccc"], "run-3")
    assert three.commits[0].incidents == ("i-1",)
    assert "d-3" not in reasons(history)


def test_an_incident_record_is_an_incident():
    record = event(
        "lantern.delivery",
        "Incident Record",
        {"incidentId": "i-1", "service": "orders", "openedAt": "2026-11-02T12:00:00Z", "deploymentId": "d-2"},
        "2 12:00",
    )

    assert classes(eventbridge.read([*TWO_RUNS, record])) == {"d-1": "ok", "d-2": "failed"}


def test_a_hurried_history_carries_its_time_scale():
    hurried = [
        deployment("d-1", "START", "1 10:00", scale=60),
        deployment("d-1", "SUCCESS", "1 10:01", scale=60, seconds=0.25),
    ]

    history = eventbridge.read(hurried)

    assert history.scales == (60.0,)
    assert by_id(history)["d-1"].live_at == at("1 10:01") + 0.25


GOOD = deployment("d-9", "START", "9 10:00", id_="e-9")


@pytest.mark.parametrize(
    ("envelope", "key", "reason"),
    [
        (None, "(no id)", "no EventBridge envelope: expected an object"),
        ([], "(no id)", "no EventBridge envelope: expected an object"),
        ({"id": "e-9", "detail": {}}, "e-9", "no EventBridge envelope: lacks 'time'"),
        (GOOD | {"time": "soon", "detail": {}}, "e-9", "no EventBridge envelope: expected UTC"),
        (GOOD | {"detail": {"lantern-rehearsal": True}}, "e-9", "no EventBridge envelope"),
        (GOOD | {"detail": {"lantern-rehearsal": {"time-scale": 10**400}}}, "e-9", "no EventBridge envelope"),
        (GOOD | {"source": "aws.s3"}, "e-9", "nothing here reads aws.s3"),
        (GOOD | {"detail": {"deploymentId": "d"}}, "e-9", "lacks 'state'"),
        (GOOD | {"detail": GOOD["detail"] | {"state": "DANCING"}}, "e-9", "state 'DANCING': expected START"),
        (GOOD | {"detail": {"lantern-rehearsal": {"time-scale": 0.5}}}, "e-9", "expected 1 or more"),
        (
            {
                "id": "e-9",
                "source": "lantern.delivery",
                "detail-type": "Deployment Record",
                "time": "2026-11-01T00:00:00Z",
                "detail": {"status": "succeeded"},
            },
            "e-9",
            "deploymentId: expected text, found None",
        ),
        (push("a" * 40, "1 10:00", id_="e-9") | {"detail": {}}, "e-9", "lacks 'event'"),
        (
            execution("run", "STARTED", "1 10:00", id_="e-9") | {"detail": {"execution-id": "r"}},
            "e-9",
            "lacks 'pipeline'",
        ),
        (
            alarm("orders", "ALARM", "1 10:00", id_="e-9") | {"detail": {"alarmName": "orders", "state": 7}},
            "e-9",
            "CloudWatch Alarm State Change",
        ),
    ],
)
def test_what_cannot_be_used_is_noted_with_its_id_and_the_reason(envelope, key, reason):
    history = eventbridge.read([*TWO_RUNS, envelope])

    assert set(by_id(history)) == {"d-1", "d-2"}
    assert key in reasons(history)
    assert reason in reasons(history)[key]


EVERY_KIND = (
    *good_run("run-9", SHA["ddd"], "d-9", 9),
    alarm("lantern-orders-errors", "ALARM", "9 12:00"),
    event(
        "lantern.delivery",
        "Deployment Record",
        {
            "deploymentId": "d-8",
            "service": "orders",
            "status": "succeeded",
            "startedAt": "2026-11-08T10:00:00Z",
            "liveAt": 1_794_000_000,
            "fixes": ["d-1"],
            "commits": [{"sha": "c", "committedAt": 1_794_000_000}],
        },
        "8 10:00",
    ),
    event(
        "lantern.delivery",
        "Incident Record",
        {"incidentId": "i-1", "service": "orders", "openedAt": "2026-11-08T12:00:00Z"},
        "8 12:00",
    ),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.data())
def test_whatever_an_event_holds_the_others_are_read(data):
    """One member of a good event replaced by anything, at any depth."""
    victim = json.loads(json.dumps(data.draw(st.sampled_from(EVERY_KIND))))
    place = victim
    while True:
        name = data.draw(st.sampled_from(sorted(place)))
        if not (isinstance(place[name], dict) and place[name] and data.draw(st.booleans())):
            break
        place = place[name]
    place[name] = data.draw(ANYTHING)

    history = eventbridge.read([*TWO_RUNS, victim])

    assert {"d-1", "d-2"} <= set(by_id(history))
    document(report(analyse(history), NOVEMBER, 0))


def test_every_envelope_is_plain_json():
    assert by_id(eventbridge.read(json.loads(json.dumps(TWO_RUNS)))) == by_id(eventbridge.read(TWO_RUNS))


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [
        ([], "expected an object"),
        (TWO_RUNS[0] | {"id": ""}, "its id is empty"),
        ({key: value for key, value in TWO_RUNS[0].items() if key != "source"}, "lacks 'source'"),
    ],
)
def test_what_is_no_envelope_has_no_identity(envelope, reason):
    with pytest.raises(InputError, match=f"no EventBridge envelope: .*{reason}"):
        eventbridge.identity(envelope)


def test_an_envelope_is_known_by_its_id():
    assert eventbridge.identity(TWO_RUNS[0]) == TWO_RUNS[0]["id"]
