"""Against answers in the shapes of botocore's own models: its stubber refuses what those do not allow."""

import pytest
from botocore.stub import ANY

from dora.analysis import analyse
from dora.readers import aws_api, aws_responses
from dora.records import BY_EXECUTION, History
from tests.unit.dora.histories import at
from tests.unit.dora.readers.answers import Session, action, info, summary, targets, when


@pytest.fixture(name="session")
def _session():
    """One good deployment, one stopped in its canary and rolled back, one build that failed."""
    session = Session()
    pipeline, deploy = session.stubs["codepipeline"], session.stubs["codedeploy"]
    pipeline.add_response(
        "list_pipeline_executions",
        {"pipelineExecutionSummaries": [summary("run-3", "Failed", 3, "c" * 40)], "nextToken": "more"},
        {"pipelineName": "lantern"},
    )
    pipeline.add_response(
        "list_pipeline_executions",
        {
            "pipelineExecutionSummaries": [
                summary("run-2", "Failed", 2, "b" * 40),
                summary("run-1", "Succeeded", 1, "a" * 40),
            ]
        },
        {"pipelineName": "lantern", "nextToken": "more"},
    )
    pipeline.add_response(
        "list_action_executions",
        {
            "actionExecutionDetails": [
                action("run-3", "orders", "Build", "Failed", 3, error="tests"),
                action("run-2", "orders", "Deploy", "Failed", 2, "d-2"),
                action("run-1", "orders", "Build", "Succeeded", 1),
                action("run-1", "orders", "Deploy", "Succeeded", 1, "d-1"),
                action("run-3", "orders", "Build", "Failed", 2, error="an earlier try"),
            ]
        },
        {"pipelineName": "lantern"},
    )
    deploy.add_response(
        "list_deployments",
        {"deployments": ["d-2-back", "d-2", "d-1"]},
        {"applicationName": "lantern", "deploymentGroupName": "orders"},
    )
    rolled_back = {
        "errorInformation": {"code": "ALARM_ACTIVE", "message": "m"},
        "rollbackInfo": {"rollbackDeploymentId": "d-2-back"},
    }
    back = {"creator": "codeDeployRollback", "rollbackInfo": {"rollbackTriggeringDeploymentId": "d-2"}}
    deploy.add_response(
        "batch_get_deployments",
        {
            "deploymentsInfo": [
                info("d-2-back", "Succeeded", 2, **back),
                info("d-2", "Stopped", 2, **rolled_back),
                info("d-1", "Succeeded", 1),
            ]
        },
        {"deploymentIds": ["d-2-back", "d-2", "d-1"]},
    )
    for key, status, day, begin in (
        ("d-2-back", "Skipped", 2, ""),
        ("d-2", "Failed", 2, "10:10"),
        ("d-1", "Succeeded", 1, "10:10"),
    ):
        deploy.add_response(
            "list_deployment_targets", {"targetIds": ["lantern:orders"]}, {"deploymentId": key}
        )
        deploy.add_response(
            "batch_get_deployment_targets",
            targets(key, status, day, begin),
            {"deploymentId": key, "targetIds": ANY},
        )
    return session


def test_an_account_is_read_with_the_times_at_which_users_saw_each_deployment(session):
    by_id = {deployment.id: deployment for deployment in aws_api.gather(session, "lantern").deployments}

    assert set(by_id) == {"d-1", "d-2", "d-2-back", "run-3/orders"}
    assert (by_id["d-1"].revision, by_id["d-1"].exposed_at, by_id["d-1"].live_at) == (
        "a" * 40,
        at("1 10:10"),
        at("1 10:15"),
    )
    assert (by_id["d-1"].triggered_at, by_id["d-1"].build_s) == (at("1 10:00"), 240)
    assert (by_id["d-2"].exposed_at, by_id["d-2"].live_at) == (at("2 10:10"), None)
    assert by_id["d-2"].error == "ALARM_ACTIVE: m"
    assert by_id["d-2-back"].rollback_of == "d-2"
    assert by_id["run-3/orders"].error == "tests"


def test_what_was_read_is_judged_as_events_are(session):
    service = analyse(aws_api.gather(session, "lantern")).services["orders"]

    assert [(counted.deployment.id, counted.kind) for counted in service.counted] == [
        ("d-1", "ok"),
        ("d-2", "failed"),
    ]
    assert [blocked.deployment.id for blocked in service.blocked] == ["run-3/orders"]


def test_a_deployment_without_lifecycle_events_does_not_claim_to_know_who_saw_it():
    assert not aws_responses.attempt(info("d-1", "Succeeded", 1), []).knows_traffic
    assert aws_responses.attempt(
        info("d-1", "Succeeded", 1), targets("d-1", "Succeeded", 1)["deploymentTargets"]
    ).knows_traffic


def test_alarms_histories_are_incidents(session):
    def item(minute, new, old):
        data = f'{{"oldState": {{"stateValue": "{old}"}}, "newState": {{"stateValue": "{new}"}}}}'
        return {
            "AlarmName": "lantern-orders-errors",
            "Timestamp": when(f"2 10:{minute}"),
            "HistoryData": data,
        }

    session.stubs["cloudwatch"].add_response(
        "describe_alarm_history",
        {
            "AlarmHistoryItems": [
                item(20, "OK", "ALARM"),
                item(12, "ALARM", "OK"),
                item(1, "ALARM", "OK") | {"AlarmName": "x"},
            ]
        },
        {"HistoryItemType": "StateUpdate"},
    )

    history = aws_api.with_alarms(
        aws_api.gather(session, "lantern"), session.client("cloudwatch"), "lantern-"
    )

    links = analyse(history).services["orders"].links
    assert [(link.incident.opened_at, link.incident.closed_at) for link in links] == [
        (at("2 10:12"), at("2 10:20"))
    ]
    assert history.incident_sources == {"alarms"}


def test_a_time_scale_that_is_said_stands_in_every_record(session):
    assert aws_api.gather(session, "lantern", scale=60).scales == (60.0,)


def test_alarms_that_were_quiet_are_a_source_and_none_at_all_are_not(session):
    for alarms in ([{"AlarmName": "lantern-orders-errors"}], []):
        session.stubs["cloudwatch"].add_response(
            "describe_alarm_history", {"AlarmHistoryItems": []}, {"HistoryItemType": "StateUpdate"}
        )
        session.stubs["cloudwatch"].add_response(
            "describe_alarms", {"MetricAlarms": alarms}, {"AlarmNamePrefix": "lantern-", "MaxRecords": 1}
        )

        history = aws_api.with_alarms(History(), session.client("cloudwatch"), "lantern-")

        assert history.incident_sources == ({"alarms"} if alarms else set())


@pytest.mark.parametrize(
    ("description", "scale"),
    [
        ("Started by the pipeline; time scale 60: a minute passes in 1 s", 60),
        ("Time scale 2.5", 2.5),
        ("", 1),
        ("a timescale of our own: time scale soon", 1),
        ("time scale 0", 1),
        ("time scale " + "9" * 400, 1e6),
    ],
)
def test_a_time_scale_is_read_from_a_deployments_description(description, scale):
    assert aws_responses.scale_of(description) == scale
    assert aws_responses.attempt(info("d-1", "Succeeded", 1, description=description), []).scale == scale


def test_the_commit_that_started_an_execution_counts_from_when_its_source_says_it_was_made():
    started = aws_responses.execution("lantern", summary("run-1", "Succeeded", 1, "a" * 40))
    started.message = "Trim the wick\n\nFixes-Deployment: d-0"
    made = {
        "pipelineExecution": {"artifactRevisions": [{"revisionId": "a" * 40, "created": when("1 09:00")}]}
    }

    known, unknown = (
        aws_responses.commit(started, aws_responses.made_at(started, answer))
        for answer in (made, {"pipelineExecution": {}})
    )

    assert (known.committed_at, known.subject, known.fixes) == (at("1 09:00"), "Trim the wick", ("d-0",))
    assert (unknown.committed_at, unknown.told_by) == (at("1 10:00"), BY_EXECUTION)


def test_a_message_that_a_connection_wraps_is_unwrapped():
    wrapped = summary("run-1", "Succeeded", 1, "a" * 40)
    for told, message in (
        ('{"ProviderType":"GitHub","CommitMessage":"Trim"}', "Trim"),
        ("{broken", "{broken"),
        ("[1]", "[1]"),
    ):
        wrapped["sourceRevisions"][0]["revisionSummary"] = told

        assert aws_responses.execution("lantern", wrapped).message == message


def test_a_deployment_that_is_over_for_good_is_asked_for_once(session):
    answers = {}
    first = aws_api.gather(session, "lantern", answers=answers)
    again = Session()
    again.stubs["codepipeline"].add_response("list_pipeline_executions", {"pipelineExecutionSummaries": []})
    again.stubs["codepipeline"].add_response(
        "list_action_executions",
        {"actionExecutionDetails": [action("run-1", "orders", "Deploy", "Succeeded", 1, "d-1")]},
    )
    again.stubs["codedeploy"].add_response("list_deployments", {"deployments": ["d-2-back", "d-2", "d-1"]})

    second = aws_api.gather(again, "lantern", answers=answers)

    assert set(answers) == {"d-1", "d-2", "d-2-back"}
    assert {deployment.id: deployment.live_at for deployment in second.deployments} == {
        deployment.id: deployment.live_at
        for deployment in first.deployments
        if deployment.id.startswith("d-")
    }


@pytest.mark.parametrize(
    ("status", "minutes_ago", "is_final"),
    [("Succeeded", 61, True), ("Stopped", 61, True), ("Failed", 59, False), ("InProgress", 61, False)],
)
def test_an_answer_is_final_an_hour_after_the_end(status, minutes_ago, is_final):
    """A failed deployment's roll-back is named a little later."""
    answer = {"status": status, "completeTime": when("2 10:00")}

    assert aws_responses.is_final(answer, at("2 10:00") + minutes_ago * 60) is is_final
