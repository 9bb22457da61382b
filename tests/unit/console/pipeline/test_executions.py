"""Executions, their stages and actions, and the words of sources and triggers."""

from datetime import UTC, datetime

import pytest

from console.pipeline.executions import (
    Action,
    Execution,
    Stage,
    action_of,
    declared_stages,
    execution_of,
    of_service,
    trigger_of,
    waiting_approvals,
    with_actions,
)
from dora.readers.aws_responses import commit_message

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


def action(stage, name, status, started=10.0):
    category = "Deploy" if stage == "Deploy" else "Source"
    return Action(stage, name, category, status=status, started_s=started, updated_s=20.0)


def execution(stages, status="Failed"):
    return Execution("e", status, 1.0, 2.0, "0123456789", "message", "", "", tuple(stages))


def test_every_declared_stage_is_there_with_actions_that_have_not_started():
    stages = with_actions(DECLARED, [action("Source", "Source", "Succeeded")])

    assert [(stage.name, stage.status) for stage in stages] == [("Source", "Succeeded"), ("Deploy", "")]
    assert [placed.name for placed in stages[1].actions] == ["catalog", "orders"]


def test_a_retried_action_is_shown_at_its_newest_attempt_whatever_the_order():
    attempts = [action("Deploy", "orders", "Failed", 10.0), action("Deploy", "orders", "Succeeded", 30.0)]

    for order in (attempts, attempts[::-1]):
        assert with_actions(DECLARED, order)[1].actions[1].status == "Succeeded"


def test_stages_and_actions_of_an_older_pipeline_come_last():
    stages = with_actions(
        DECLARED, [action("Approve", "by-hand", "Succeeded"), action("Deploy", "gone", "Failed")]
    )

    assert [stage.name for stage in stages] == ["Source", "Deploy", "Approve"]
    assert [placed.name for placed in stages[1].actions] == ["catalog", "orders", "gone"]


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
def test_a_stage_has_the_status_of_its_worst_action(statuses, expected):
    stage = Stage(
        "Deploy", tuple(action("Deploy", str(number), status) for number, status in enumerate(statuses))
    )

    assert stage.status == expected


def test_only_deploy_actions_have_a_deployment_and_only_builds_a_log_stream():
    deploy = Action("Deploy", "orders", "Deploy", external_id="d-4VZVO2I2Q")
    build = Action("Build", "orders", "Build", "CodeBuild", external_id="lantern-build:43e85275-b476")
    source = Action("Source", "Source", "Source", "CodeCommit", external_id="d-4VZVO2I2Q:x")

    assert [started.deployment_id for started in (deploy, build, source)] == ["d-4VZVO2I2Q", "", ""]
    assert [started.log_stream for started in (deploy, build, source)] == ["", "43e85275-b476", ""]
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

    failed = action_of(answer)

    assert (failed.took_s, failed.error_code, failed.error_message) == (4, "JobFailed", "ALARM_ACTIVE")
    assert (failed.application, failed.group) == ("lantern", "orders")


def test_an_answer_without_fields_is_an_execution_without_values():
    cancelled = execution_of({"pipelineExecutionId": "e", "status": "Cancelled"}, [action_of({})], [])

    assert (cancelled.version, cancelled.took_s, cancelled.trigger, cancelled.message) == ("", None, "", "")


def test_a_running_execution_has_no_duration():
    assert execution([], "InProgress").took_s is None
    assert execution([], "Failed").took_s == 1.0


def test_an_execution_filtered_by_service_has_no_actions_of_other_services():
    stages = with_actions(
        DECLARED, [action("Source", "Source", "Succeeded"), action("Deploy", "orders", "Failed")]
    )

    filtered = of_service(execution(stages), "orders")

    assert filtered is not None
    assert [(placed.stage, placed.name) for placed in filtered.actions()] == [
        ("Source", "Source"),
        ("Deploy", "orders"),
    ]


def test_an_execution_that_ended_before_a_services_actions_is_left_out():
    stages = with_actions(DECLARED, [action("Source", "Source", "Succeeded")])

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

    assert [
        (approval.stage, approval.action, approval.token, approval.execution_id) for approval in waiting
    ] == [("Approve", "by-hand", "t", "e-1")]
    assert waiting_approvals(state(status="InProgress")) == []
    assert waiting_approvals(state(token="t", status="Succeeded")) == []


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("Repair the lamp", "Repair the lamp"),
        ('{"ProviderType":"GitHub","CommitMessage":"Repair the lamp"}', "Repair the lamp"),
        ('{"ProviderType":"GitHub"}', '{"ProviderType":"GitHub"}'),
        ("{not JSON", "{not JSON"),
        ("", ""),
        ("[1]", "[1]"),
    ],
)
def test_a_commits_message_is_read_from_the_json_of_a_connection(summary, expected):
    assert commit_message(summary) == expected


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        ("CloudWatchEvent", "arn:aws:events:us-east-1:1:rule/StartOnPush", "CloudWatchEvent: StartOnPush"),
        ("StartPipelineExecution", "arn:aws:iam::1:root", "StartPipelineExecution: root"),
        ("Webhook", "", "Webhook"),
        ("", "somebody", "somebody"),
    ],
)
def test_a_triggers_words_are_its_type_and_the_last_part_of_its_arn(kind, detail, expected):
    assert trigger_of({"trigger": {"triggerType": kind, "triggerDetail": detail}}) == expected
