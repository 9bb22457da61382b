import json
import time
from dataclasses import replace

import botocore.exceptions
import pytest

from local.pipeline.codecommit.repository import RepositoryError
from local.pipeline.codedeploy.deployments import deployment_records
from local.pipeline.codepipeline.errors import (
    ApprovalAlreadyCompletedException,
    DuplicatedStopRequestException,
    InvalidApprovalTokenException,
    PipelineExecutionNotFoundException,
    PipelineExecutionNotStoppableException,
)
from local.pipeline.codepipeline.executions import execution_records
from tests.unit.local.pipeline.codedeploy.simulation import Simulation
from tests.unit.local.pipeline.stepped_runner import GROUPS, built
from tests.waiting import wait_until

REFUSED = botocore.exceptions.ClientError(
    {"Error": {"Code": "ServiceUnavailable", "Message": "come back later"}}, "PutObject"
)


def deploying(runner, service="catalog"):
    """An execution whose Deploy action of a service follows its deployment."""
    key = runner.start()
    runner.approve(key)
    runner.until(lambda: runner.action(key, service, "Deploy").external_id, f"{service} deploys")
    return key


def statuses(runner, key, name):
    """The status of each action of a stage."""
    stage = next(stage for stage in runner.execution(key).stages if stage.name == name)
    return {action.name: action.status for action in stage.actions}


# --- stages and actions


def test_an_execution_its_stages_and_its_actions_are_announced_in_codepipelines_order(runner):
    key = runner.start()
    runner.approve(key)

    execution = runner.until_ended(key)

    changes = runner.announcements(key)
    builds = [entry for entry in changes if entry[1].startswith("Build ")]
    assert execution.status == "Succeeded"
    assert changes[:5] == [
        ("Pipeline", "", "STARTED"),
        ("Stage", "Source", "STARTED"),
        ("Action", "Source", "STARTED"),
        ("Action", "Source", "SUCCEEDED"),
        ("Stage", "Source", "SUCCEEDED"),
    ]
    assert sorted(builds[:3]) == [("Action", f"Build {name}", "STARTED") for name in GROUPS]
    assert sorted(builds[3:]) == [("Action", f"Build {name}", "SUCCEEDED") for name in GROUPS]
    assert changes[5] == ("Stage", "Build", "STARTED")
    assert changes[12:] == [
        ("Stage", "Build", "SUCCEEDED"),
        ("Stage", "Approval", "STARTED"),
        ("Action", "Approval Agree", "STARTED"),
        ("Action", "Approval Agree", "SUCCEEDED"),
        ("Stage", "Approval", "SUCCEEDED"),
        ("Stage", "Deploy", "STARTED"),
        *(("Action", f"Deploy {name}", state) for name in GROUPS for state in ("STARTED", "SUCCEEDED")),
        ("Stage", "Deploy", "SUCCEEDED"),
        ("Pipeline", "", "SUCCEEDED"),
    ]


def test_an_event_has_the_members_of_codepipelines_own(runner):
    key = deploying(runner)
    runner.until(lambda: runner.action(key, "catalog", "Deploy").ended)

    event = runner.events("aws.codepipeline")[-1]

    assert event["resources"] == ["arn:aws:codepipeline:us-east-1:111122223333:lantern"]
    started = next(
        event for event in runner.events("aws.codepipeline") if event["detail"]["state"] == "STARTED"
    )
    assert started["detail"]["execution-trigger"] == {
        "trigger-type": "StartPipelineExecution",
        "trigger-detail": "laptop",
    }
    ended = next(
        event["detail"]
        for event in runner.events("aws.codepipeline")
        if event["detail"].get("action") == "catalog"
        and event["detail"]["stage"] == "Deploy"
        and event["detail"]["state"] == "SUCCEEDED"
    )
    assert ended["type"] == {
        "owner": "AWS",
        "category": "Deploy",
        "provider": "CodeDeployToECS",
        "version": "1",
    }
    assert ended["region"] == "us-east-1"
    assert ended["execution-result"]["external-execution-id"].startswith("d-")


def test_deploy_actions_follow_each_other_by_run_order(runner):
    key = deploying(runner)

    assert statuses(runner, key, "Deploy") == {
        "catalog": "InProgress",
        "orders": "Pending",
        "storefront": "Pending",
    }


def test_actions_of_the_same_run_order_run_side_by_side(runner):
    for name in GROUPS:
        runner.builds.hold(name)

    key = runner.start()
    runner.until(lambda: len(runner.builds.begun) == 3, "three builds at once")

    assert set(statuses(runner, key, "Build").values()) == {"InProgress"}


def test_a_commit_that_was_not_pushed_starts_no_execution(runner):
    with pytest.raises(RepositoryError, match="push it first"):
        runner.start("f" * 40)

    assert runner.executions.all() == []


# --- the queue


def test_no_execution_overtakes_another_and_a_stage_holds_one(runner):
    runner.builds.hold("orders")
    first, second, third = runner.start(), runner.start(), runner.start()
    runner.until(lambda: statuses(runner, first, "Build")["catalog"] == "Succeeded")
    runner.until(lambda: {runner.execution(key).next.name for key in (first, second, third)} == {"Build"})
    for _ in range(5):
        runner.look()

    assert [runner.execution(key).next.name for key in (first, second, third)] == ["Build"] * 3
    for waiting in (second, third):
        assert set(statuses(runner, waiting, "Build").values()) == {"Pending"}
    runner.builds.let_go()
    runner.until_begun(third, "orders", "Build")
    began = [runner.action(key, "orders", "Build").started for key in (first, second, third)]
    assert began == sorted(began)
    assert began[1] >= max(runner.action(first, name, "Build").ended for name in GROUPS)


def test_a_stage_takes_the_next_execution_when_it_is_free(runner):
    first, second = runner.start(), runner.start()
    runner.until_begun(first, "Agree")

    runner.until_begun(second, "catalog", "Build")
    runner.until(lambda: runner.execution(second).next.name == "Approval")

    assert statuses(runner, second, "Approval") == {"Agree": "Pending"}
    runner.approve(first, "Rejected")
    runner.until_begun(second, "Agree")


def test_the_next_execution_goes_on_when_the_one_before_it_fails(runner):
    runner.builds.fails["orders"] = "make: *** [test] Error 1"
    first = runner.start()
    second = runner.start()

    assert runner.until_ended(first).status == "Failed"
    runner.until_begun(second, "orders", "Build")


# --- failures


def test_a_failed_build_stops_the_execution_and_names_the_error(runner):
    runner.builds.fails["orders"] = "make test-service: exit status 2"

    key = runner.start()
    execution = runner.until_ended(key)

    failed = runner.action(key, "orders", "Build")
    assert execution.status == "Failed"
    assert (failed.status, failed.error_code) == ("Failed", "COMMAND_EXECUTION_ERROR")
    assert failed.error_message == "make test-service: exit status 2"
    assert statuses(runner, key, "Approval") == {"Agree": "Pending"}
    assert runner.announcements(key)[-2:] == [("Stage", "Build", "FAILED"), ("Pipeline", "", "FAILED")]
    failed_event = next(
        event for event in runner.events("aws.codepipeline") if event["detail"]["state"] == "FAILED"
    )
    assert failed_event["detail"]["execution-result"]["error-code"] == "COMMAND_EXECUTION_ERROR"


def test_a_stage_fails_only_when_its_other_builds_are_over(runner):
    runner.builds.hold("catalog")
    runner.builds.fails["orders"] = "no"
    key = runner.start()
    runner.until(lambda: runner.action(key, "orders", "Build").status == "Failed")
    runner.look()

    assert runner.execution(key).status == "InProgress"
    runner.builds.let_go()
    assert runner.until_ended(key).status == "Failed"
    assert runner.action(key, "catalog", "Build").status == "Succeeded"


WRONG = {
    "no task definition": ({"taskdef.json": None}, "taskdef.json is not in it"),
    "a task definition that is no JSON": ({"taskdef.json": "{"}, "taskdef.json, line 1: not JSON"),
    "an AppSpec of no service": ({"appspec.yaml": "version: 0.0\nResources: []\n"}, "appspec.yaml"),
    "an image without address": ({"imageDetail.json": "{}"}, "imageDetail.json, expected"),
    "no image": ({"imageDetail.json": None}, "imageDetail.json is not in it"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_artifact_fails_the_deploy_action_before_there_is_a_deployment(runner, wrong):
    changes, message = WRONG[wrong]
    changed = built("catalog") | changes
    runner.builds.outputs["catalog"] = {name: text for name, text in changed.items() if text is not None}
    key = runner.start()
    runner.approve(key)

    execution = runner.until_ended(key)

    failed = runner.action(key, "catalog", "Deploy")
    assert execution.status == "Failed"
    assert message in failed.error_message
    assert failed.error_code
    assert runner.deployments.all() == []
    assert runner.aws.registered == []


def test_a_deployment_that_fails_fails_its_action_with_codedeploys_words(runner):
    runner.hooks.answer = "Failed"

    key = deploying(runner)
    execution = runner.until_ended(key)

    failed = runner.action(key, "catalog", "Deploy")
    assert execution.status == "Failed"
    assert failed.error_code == "JobFailed"
    assert failed.error_message.startswith("HOOK_EXECUTION_FAILURE: ")
    assert statuses(runner, key, "Deploy")["orders"] == "Pending"


def test_an_upload_that_fails_fails_the_action_and_the_execution(runner):
    runner.aws.refuses["put_artifact"] = REFUSED

    execution = runner.until_ended(runner.start())

    assert (execution.status, execution.stages[0].actions[0].error_code) == ("Failed", "ServiceUnavailable")


def test_after_a_look_that_fails_the_execution_goes_on(runner, monkeypatch):
    key = runner.start()
    runner.look()
    wait_until(lambda: all(work.done() for work in runner.actions._work.values()))

    def full_disk(execution):
        raise OSError("no space left on device")

    monkeypatch.setattr(runner.executions, "_put", full_disk)
    with pytest.raises(OSError, match="no space"):
        runner.executions.look()
    monkeypatch.undo()

    runner.until_begun(key, "Agree")


# --- approval


def test_an_approval_lets_the_execution_go_on(runner):
    key = runner.start()
    runner.approve(key)

    runner.until_begun(key, "catalog", "Deploy")

    assert runner.action(key, "Agree").summary == "said the shopkeeper"


def test_an_approvals_text_has_the_variables_of_earlier_stages(runner):
    key = runner.start()
    runner.until_begun(key, "Agree")

    version = runner.execution(key).commit[:7]
    assert runner.action(key, "Agree").summary == (
        f"Deploy catalog {version}, orders {version}, storefront {version}?"
    )


def test_a_rejection_fails_the_execution(runner):
    key = runner.start()
    runner.approve(key, "Rejected")

    execution = runner.until_ended(key)

    assert execution.status == "Failed"
    assert statuses(runner, key, "Approval") == {"Agree": "Failed"}
    assert runner.deployments.all() == []


def test_an_approval_takes_its_own_token_only(runner):
    key = runner.start()

    for token in ("another", ""):
        with pytest.raises(InvalidApprovalTokenException):
            runner.executions.approve(
                stage="Approval", action="Agree", token=token, status="Approved", summary=""
            )
    with pytest.raises(InvalidApprovalTokenException):
        runner.approve(key, token="0a1b2c3d-1234-1234-1234-123456789012")


def test_an_approval_is_answered_once(runner):
    key = runner.start()
    runner.approve(key)

    with pytest.raises(ApprovalAlreadyCompletedException):
        runner.approve(key, "Rejected")

    assert statuses(runner, key, "Approval") == {"Agree": "Succeeded"}


# --- stop


def test_a_stop_lets_running_actions_finish_and_begins_no_others(runner):
    runner.builds.hold("orders")
    key = runner.start()
    runner.until(lambda: statuses(runner, key, "Build")["catalog"] == "Succeeded")

    runner.executions.stop(key, "another day", abandon=False)
    runner.look()
    meanwhile = runner.execution(key).status
    runner.builds.let_go()
    execution = runner.until_ended(key)

    assert (meanwhile, execution.status) == ("Stopping", "Stopped")
    assert statuses(runner, key, "Build") == dict.fromkeys(GROUPS, "Succeeded")
    assert statuses(runner, key, "Approval") == {"Agree": "Pending"}
    assert [entry for entry in runner.announcements(key) if entry[0] == "Pipeline"] == [
        ("Pipeline", "", "STARTED"),
        ("Pipeline", "", "STOPPING"),
        ("Pipeline", "", "STOPPED"),
    ]
    assert ("Stage", "Build", "SUCCEEDED") in runner.announcements(key)


def test_a_stop_that_abandons_waits_for_nothing(runner):
    runner.builds.hold("orders")
    key = runner.start()
    runner.until(
        lambda: (
            statuses(runner, key, "Build")
            == {"catalog": "Succeeded", "orders": "InProgress", "storefront": "Succeeded"}
        )
    )

    runner.executions.stop(key, "another day", abandon=True)
    runner.look()

    assert runner.execution(key).status == "Stopped"
    assert statuses(runner, key, "Build")["orders"] == "Abandoned"
    assert runner.announcements(key)[-5:] == [
        ("Pipeline", "", "STOPPING"),
        ("Stage", "Build", "STOPPING"),
        ("Action", "Build orders", "ABANDONED"),
        ("Stage", "Build", "STOPPED"),
        ("Pipeline", "", "STOPPED"),
    ]


@pytest.mark.parametrize("abandon", [True, False])
def test_an_execution_that_has_not_begun_can_be_stopped(runner, abandon):
    key = runner.start()

    runner.executions.stop(key, "", abandon=abandon)
    runner.look()

    assert runner.execution(key).status == "Stopped"
    assert runner.announcements(key)[1:] == [("Pipeline", "", "STOPPING"), ("Pipeline", "", "STOPPED")]


@pytest.mark.parametrize("abandon", [True, False])
def test_an_execution_that_waits_stops_at_once(runner, abandon):
    runner.builds.hold("orders")
    first, second = runner.start(), runner.start()
    runner.until(lambda: statuses(runner, second, "Source")["Source"] == "Succeeded")

    runner.executions.stop(second, "not needed", abandon=abandon)
    runner.look()

    assert (runner.execution(first).status, runner.execution(second).status) == ("InProgress", "Stopped")


def test_an_approval_that_waits_is_abandoned(runner):
    key = runner.start()
    runner.until_begun(key, "Agree")

    runner.executions.stop(key, "nobody is there", abandon=True)
    runner.look()

    assert statuses(runner, key, "Approval") == {"Agree": "Abandoned"}
    with pytest.raises(ApprovalAlreadyCompletedException):
        runner.approve(key)


def test_a_deployment_that_an_execution_abandons_goes_on(runner):
    key = deploying(runner)

    runner.executions.stop(key, "not here", abandon=True)
    runner.look()
    stopped = runner.execution(key).status
    runner.until(lambda: runner.deployments.all()[0].status == "Succeeded")

    assert stopped == "Stopped"
    assert [deployment.group for deployment in runner.deployments.all()] == ["catalog"]


def test_a_stop_waits_for_the_deployment_under_way(runner):
    key = deploying(runner)

    runner.executions.stop(key, "that will do", abandon=False)
    execution = runner.until_ended(key)

    assert execution.status == "Stopped"
    assert statuses(runner, key, "Deploy") == {
        "catalog": "Succeeded",
        "orders": "Pending",
        "storefront": "Pending",
    }


def test_a_stop_may_be_turned_into_one_that_abandons_and_no_request_comes_twice(runner):
    runner.builds.hold("orders")
    key = runner.start()
    runner.until_begun(key, "orders", "Build")
    runner.executions.stop(key, "slowly", abandon=False)
    with pytest.raises(DuplicatedStopRequestException):
        runner.executions.stop(key, "slowly", abandon=False)

    runner.executions.stop(key, "now", abandon=True)
    with pytest.raises(DuplicatedStopRequestException):
        runner.executions.stop(key, "now", abandon=True)
    execution = runner.until_ended(key)

    assert (execution.status, execution.stop_reason) == ("Stopped", "now")
    assert runner.announcements(key).count(("Pipeline", "", "STOPPING")) == 1
    stopping = next(
        event for event in runner.events("aws.codepipeline") if event["detail"]["state"] == "STOPPING"
    )
    assert stopping["detail"]["stop-execution-comments"] == "slowly"


def test_an_execution_that_is_over_or_unknown_can_not_be_stopped(runner):
    key = runner.start()
    runner.executions.stop(key, "", abandon=True)
    runner.until_ended(key)

    with pytest.raises(PipelineExecutionNotStoppableException):
        runner.executions.stop(key, "", abandon=True)
    with pytest.raises(PipelineExecutionNotFoundException):
        runner.executions.stop("no-execution", "", abandon=True)


# --- a runner that is started again


def test_a_build_that_a_killed_runner_had_under_way_begins_again(runner):
    runner.builds.hold("orders")
    key = runner.start()
    runner.until(
        lambda: (
            {"catalog", "storefront"}
            <= {name for name, status in statuses(runner, key, "Build").items() if status == "Succeeded"}
        )
    )

    next_runner = runner.restarted()
    next_runner.until_begun(key, "Agree")

    assert next_runner.builds.begun == ["orders"]
    assert next_runner.builds.cleared == 1
    assert set(statuses(next_runner, key, "Build").values()) == {"Succeeded"}
    next_runner.close()


def test_a_deployment_that_a_killed_runner_had_under_way_is_followed_to_its_end(runner):
    key = deploying(runner)

    next_runner = runner.restarted()
    execution = next_runner.until_ended(key)

    assert execution.status == "Succeeded"
    assert [deployment.group for deployment in next_runner.deployments.all()] == list(GROUPS)
    next_runner.close()


def test_a_deployment_whose_id_was_not_noted_yet_is_found_again(runner):
    key = deploying(runner)
    execution = runner.execution(key)
    for action in execution.stages[-1].actions:
        action.external_id = ""
    execution_records(runner.journal).put(key, execution)

    next_runner = runner.restarted()
    execution = next_runner.until_ended(key)

    assert execution.status == "Succeeded"
    assert len(next_runner.deployments.all()) == 3
    next_runner.close()


def test_a_deploy_action_without_a_deployment_begins_again(runner):
    key = runner.start()
    runner.approve(key)
    execution = runner.execution(key)
    action = execution.stages[-1].actions[0]
    action.status, action.started, action.id = "InProgress", 1.0, "of-the-killed-runner"
    execution_records(runner.journal).put(key, execution)

    next_runner = runner.restarted()
    execution = next_runner.until_ended(key)

    assert execution.status == "Succeeded"
    assert len(next_runner.deployments.all()) == 3
    next_runner.close()


def test_an_approval_waits_over_a_restart(runner):
    key = runner.start()
    runner.until_begun(key, "Agree")
    token = runner.action(key, "Agree").token

    next_runner = runner.restarted()
    next_runner.look()
    next_runner.approve(key, token=token)

    next_runner.until_begun(key, "catalog", "Deploy")
    next_runner.close()


# --- a long history


@pytest.fixture(name="busy_runner")
def _busy_runner(runner):
    """A runner with a history of 300 executions and 900 deployments."""
    key = runner.start()
    runner.executions.stop(key, "", abandon=True)
    runner.until_ended(key)
    ended = runner.execution(key)
    deployed = Simulation(hooks=["AfterAllowTestTraffic"]).to_the_end().deployment
    executions, deployments = execution_records(runner.journal), deployment_records(runner.journal)
    with runner.journal.transaction():
        for number in range(300):
            executions.put(f"execution-{number}", replace(ended, id=f"execution-{number}"))
            for group in GROUPS:
                deployed.id, deployed.execution = f"d-{number}-{group}", f"execution-{number}"
                deployments.put(deployed.id, deployed)
    return runner


def test_a_look_costs_the_same_however_long_the_history_is(busy_runner, monkeypatch):
    documents = []
    loads = json.loads

    def counted(text):
        documents.append(text)
        return loads(text)

    monkeypatch.setattr("local.pipeline.journal.json.loads", counted)
    began = time.process_time()
    busy_runner.executions.look()
    busy_runner.deployments.look()
    took_s = time.process_time() - began

    print(f"a look with 300 executions and 900 deployments: {took_s * 1000:.1f} ms")
    assert len(documents) < 20, "records that are over were read"


def test_the_deployments_of_an_execution_are_found_in_a_long_history(busy_runner):
    deployments = busy_runner.deployments.of_execution("execution-299")

    assert [deployment.id for deployment in deployments] == [f"d-299-{group}" for group in GROUPS]
    assert busy_runner.executions.newest().id == "execution-299"
    assert busy_runner.executions.unfinished() == []
