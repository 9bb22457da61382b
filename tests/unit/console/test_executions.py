"""Executions, their strip of stages, and the texts of sources and triggers."""

from datetime import UTC, datetime

import pytest

from console.executions import (
    Action,
    Execution,
    Stage,
    action_of,
    declared_stages,
    execution_of,
    message_of,
    of_service,
    strip,
    trigger_of,
    waiting_approvals,
)

DECLARED = declared_stages(
    {
        "stages": [
            {"name": "Source", "actions": [{"name": "Source", "actionTypeId": {"category": "Source"}}]},
            {
                "name": "Deploy",
                "actions": [
                    {
                        "name": name,
                        "actionTypeId": {"category": "Deploy", "provider": "CodeDeployToECS"},
                        "configuration": {"ApplicationName": "lantern", "DeploymentGroupName": name},
                    }
                    for name in ("catalog", "orders")
                ],
            },
        ]
    }
)


def action(stage, name, status, started=10.0, **more):
    return Action(stage, name, "Deploy" if stage == "Deploy" else "Source", "", status, started, 20.0, **more)


def execution(stages, status="Failed"):
    return Execution("e", status, 1.0, 2.0, "0123456789", "message", "", "", tuple(stages))


def test_a_strip_has_every_declared_stage_with_what_was_not_begun():
    found = strip(DECLARED, [action("Source", "Source", "Succeeded")])

    assert [(stage.name, stage.status) for stage in found] == [("Source", "Succeeded"), ("Deploy", "")]
    assert [one.name for one in found[1].actions] == ["catalog", "orders"]


def test_a_retried_action_is_shown_at_its_newest_attempt_whatever_the_order():
    attempts = [action("Deploy", "orders", "Failed", 10.0), action("Deploy", "orders", "Succeeded", 30.0)]

    for order in (attempts, attempts[::-1]):
        assert strip(DECLARED, order)[1].actions[1].status == "Succeeded"


def test_what_an_older_pipeline_had_comes_after_what_is_declared():
    found = strip(DECLARED, [action("Approve", "by-hand", "Succeeded"), action("Deploy", "gone", "Failed")])

    assert [stage.name for stage in found] == ["Source", "Deploy", "Approve"]
    assert [one.name for one in found[1].actions] == ["catalog", "orders", "gone"]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["", ""], ""),
        (["Succeeded", "Succeeded"], "Succeeded"),
        (["Succeeded", ""], "InProgress"),
        (["Succeeded", "InProgress"], "InProgress"),
        (["InProgress", "Failed"], "Failed"),
        (["Abandoned", "Succeeded"], "Abandoned"),
    ],
)
def test_a_stage_is_as_bad_as_its_worst_action(statuses, expected):
    stage = Stage("Deploy", tuple(action("Deploy", str(n), one) for n, one in enumerate(statuses)))

    assert stage.status == expected


def test_only_deployments_and_builds_lead_further():
    deploy = Action("Deploy", "orders", "Deploy", external_id="d-4VZVO2I2Q")
    build = Action("Build", "orders", "Build", "CodeBuild", external_id="lantern-build:43e85275-b476")
    source = Action("Source", "Source", "Source", "CodeCommit", external_id="d-4VZVO2I2Q:x")

    assert [one.deployment_id for one in (deploy, build, source)] == ["d-4VZVO2I2Q", "", ""]
    assert [one.log_stream for one in (deploy, build, source)] == ["", "43e85275-b476", ""]
    assert not Action("Deploy", "x", "Deploy", external_id="d-../../map").deployment_id


def test_an_action_is_read_with_its_error_and_its_group():
    answer = {
        "stageName": "Deploy",
        "actionName": "orders",
        "status": "Failed",
        "startTime": datetime.fromtimestamp(5, UTC),
        "lastUpdateTime": datetime.fromtimestamp(9, UTC),
        "input": {
            "actionTypeId": {"category": "Deploy", "provider": "CodeDeployToECS"},
            "configuration": {"ApplicationName": "lantern", "DeploymentGroupName": "orders"},
        },
        "output": {"executionResult": {"errorDetails": {"code": "JobFailed", "message": "ALARM_ACTIVE"}}},
    }

    found = action_of(answer)

    assert (found.took_s, found.error_code, found.error_message) == (4, "JobFailed", "ALARM_ACTIVE")
    assert (found.application, found.group) == ("lantern", "orders")


def test_missing_pieces_make_an_execution_all_the_same():
    found = execution_of({"pipelineExecutionId": "e", "status": "Cancelled"}, [action_of({})], [])

    assert (found.version, found.took_s, found.trigger, found.message) == ("", None, "", "")


def test_a_running_execution_has_not_taken_any_time_yet():
    assert execution([], "InProgress").took_s is None
    assert execution([], "Failed").took_s == 1.0


def test_an_execution_of_a_service_has_its_actions_and_nobodys():
    stages = strip(DECLARED, [action("Source", "Source", "Succeeded"), action("Deploy", "orders", "Failed")])

    kept = of_service(execution(stages), "orders")

    assert kept is not None
    assert [(one.stage, one.name) for one in kept.actions()] == [("Source", "Source"), ("Deploy", "orders")]


def test_an_execution_that_ended_before_a_service_is_not_of_it():
    stages = strip(DECLARED, [action("Source", "Source", "Succeeded")])

    assert of_service(execution(stages), "orders") is None
    assert of_service(execution(stages, "InProgress"), "orders") is not None
    assert of_service(execution(stages), "nobody") is None


def test_an_approval_waits_while_it_has_a_token_and_is_in_progress():
    def state(**latest):
        return {
            "stageStates": [
                {
                    "stageName": "Approve",
                    "latestExecution": {"pipelineExecutionId": "e-1"},
                    "actionStates": [
                        {"actionName": "by-hand", "latestExecution": latest},
                        {"actionName": "x"},
                    ],
                },
                {"stageName": "Deploy"},
            ]
        }

    waiting = waiting_approvals(state(token="t", status="InProgress"))

    assert [(one.stage, one.action, one.token, one.execution_id) for one in waiting] == [
        ("Approve", "by-hand", "t", "e-1")
    ]
    assert waiting_approvals(state(status="InProgress")) == []
    assert waiting_approvals(state(token="t", status="Succeeded")) == []


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("Repair the lamp", "Repair the lamp"),
        ('{"ProviderType":"GitHub","CommitMessage":"Repair the lamp"}', "Repair the lamp"),
        ('{"ProviderType":"GitHub"}', '{"ProviderType":"GitHub"}'),
        ("{not JSON", "{not JSON"),
        (None, ""),
    ],
)
def test_a_commits_message_is_found_in_what_a_connection_wraps_it_in(summary, expected):
    assert message_of(summary) == expected


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        ("CloudWatchEvent", "arn:aws:events:us-east-1:1:rule/StartOnPush", "CloudWatchEvent: StartOnPush"),
        ("StartPipelineExecution", "arn:aws:iam::1:root", "StartPipelineExecution: root"),
        ("Webhook", "", "Webhook"),
        ("", "somebody", "somebody"),
    ],
)
def test_a_trigger_is_said_by_its_kind_and_the_last_part_of_its_arn(kind, detail, expected):
    assert trigger_of({"triggerType": kind, "triggerDetail": detail}) == expected
