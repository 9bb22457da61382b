import json
import time
from dataclasses import replace

import botocore.exceptions
import pytest

from local.pipeline.codecommit.repository import RepositoryError
from local.pipeline.codedeploy import deployment_machine as deployment
from local.pipeline.codepipeline.errors import (
    ApprovalAlreadyCompletedException,
    DuplicatedStopRequestException,
    InvalidApprovalTokenException,
    PipelineExecutionNotFoundException,
    PipelineExecutionNotStoppableException,
)
from tests.unit.local.pipeline.machine import GROUPS, built
from tests.unit.local.pipeline.rehearsal import World
from tests.waiting import wait_until

REFUSED = botocore.exceptions.ClientError(
    {"Error": {"Code": "ServiceUnavailable", "Message": "come back later"}}, "PutObject"
)


def deploying(machine, service="catalog"):
    """An execution whose Deploy action of a service follows its deployment."""
    key = machine.start()
    machine.approve(key)
    machine.until(lambda: machine.action(key, service, "Deploy").external_id, f"{service} deploys")
    return key


def statuses(machine, key, stage):
    found = next(one for one in machine.one(key).stages if one.name == stage)
    return {action.name: action.status for action in found.actions}


# --- the way through


def test_an_execution_announces_itself_its_stages_and_its_actions_in_awss_order(machine):
    key = machine.start()
    machine.approve(key)

    one = machine.until_ended(key)

    told = machine.told(key)
    builds = [entry for entry in told if entry[1].startswith("Build ")]
    assert one.status == "Succeeded"
    assert told[:5] == [
        ("Pipeline", "", "STARTED"),
        ("Stage", "Source", "STARTED"),
        ("Action", "Source", "STARTED"),
        ("Action", "Source", "SUCCEEDED"),
        ("Stage", "Source", "SUCCEEDED"),
    ]
    assert sorted(builds[:3]) == [("Action", f"Build {name}", "STARTED") for name in GROUPS]
    assert sorted(builds[3:]) == [("Action", f"Build {name}", "SUCCEEDED") for name in GROUPS]
    assert told[5] == ("Stage", "Build", "STARTED")
    assert told[12:] == [
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


def test_an_envelope_has_the_members_of_awss_own(machine):
    key = deploying(machine)
    machine.until(lambda: machine.action(key, "catalog", "Deploy").ended)

    event = machine.announced("aws.codepipeline")[-1]

    assert event["resources"] == ["arn:aws:codepipeline:us-east-1:111122223333:lantern"]
    started = next(
        one for one in machine.announced("aws.codepipeline") if one["detail"]["state"] == "STARTED"
    )
    assert started["detail"]["execution-trigger"] == {
        "trigger-type": "StartPipelineExecution",
        "trigger-detail": "laptop",
    }
    ended = next(
        one["detail"]
        for one in machine.announced("aws.codepipeline")
        if one["detail"].get("action") == "catalog"
        and one["detail"]["stage"] == "Deploy"
        and one["detail"]["state"] == "SUCCEEDED"
    )
    assert ended["type"] == {
        "owner": "AWS",
        "category": "Deploy",
        "provider": "CodeDeployToECS",
        "version": "1",
    }
    assert ended["region"] == "us-east-1"
    assert ended["execution-result"]["external-execution-id"].startswith("d-")


def test_deploy_actions_follow_each_other_by_run_order(machine):
    key = deploying(machine)

    assert statuses(machine, key, "Deploy") == {
        "catalog": "InProgress",
        "orders": "Pending",
        "storefront": "Pending",
    }


def test_actions_of_one_run_order_work_side_by_side(machine):
    for name in GROUPS:
        machine.builds.hold(name)

    key = machine.start()
    machine.until(lambda: len(machine.builds.begun) == 3, "three builds at once")

    assert set(statuses(machine, key, "Build").values()) == {"InProgress"}


def test_a_commit_that_nobody_pushed_begins_nothing(machine):
    with pytest.raises(RepositoryError, match="push it first"):
        machine.start("f" * 40)

    assert machine.executions.all() == []


# --- the queue


def test_no_execution_overtakes_another_and_a_stage_holds_one(machine):
    machine.builds.hold("orders")
    first, second, third = machine.start(), machine.start(), machine.start()
    machine.until(lambda: statuses(machine, first, "Build")["catalog"] == "Succeeded")
    machine.until(lambda: {machine.one(key).next.name for key in (first, second, third)} == {"Build"})
    for _ in range(5):
        machine.look()

    assert [machine.one(key).next.name for key in (first, second, third)] == ["Build"] * 3
    for waiting in (second, third):
        assert set(statuses(machine, waiting, "Build").values()) == {"Pending"}
    machine.builds.let_go()
    machine.until_begun(third, "orders", "Build")
    began = [machine.action(key, "orders", "Build").started for key in (first, second, third)]
    assert began == sorted(began)
    assert began[1] >= max(machine.action(first, name, "Build").ended for name in GROUPS)


def test_a_stage_takes_the_next_execution_when_it_is_free(machine):
    first, second = machine.start(), machine.start()
    machine.until_begun(first, "Agree")

    machine.until_begun(second, "catalog", "Build")
    machine.until(lambda: machine.one(second).next.name == "Approval")

    assert statuses(machine, second, "Approval") == {"Agree": "Pending"}
    machine.approve(first, "Rejected")
    machine.until_begun(second, "Agree")


def test_the_next_execution_goes_on_when_the_one_before_it_fails(machine):
    machine.builds.fails["orders"] = "make: *** [test] Error 1"
    first = machine.start()
    second = machine.start()

    assert machine.until_ended(first).status == "Failed"
    machine.until_begun(second, "orders", "Build")


# --- what fails


def test_a_failed_build_stops_the_execution_and_names_the_error(machine):
    machine.builds.fails["orders"] = "make test-service: exit status 2"

    key = machine.start()
    one = machine.until_ended(key)

    failed = machine.action(key, "orders", "Build")
    assert one.status == "Failed"
    assert (failed.status, failed.error_code) == ("Failed", "COMMAND_EXECUTION_ERROR")
    assert failed.error_message == "make test-service: exit status 2"
    assert statuses(machine, key, "Approval") == {"Agree": "Pending"}
    assert machine.told(key)[-2:] == [("Stage", "Build", "FAILED"), ("Pipeline", "", "FAILED")]
    told = next(one for one in machine.announced("aws.codepipeline") if one["detail"]["state"] == "FAILED")
    assert told["detail"]["execution-result"]["error-code"] == "COMMAND_EXECUTION_ERROR"


def test_a_stage_fails_only_when_the_builds_beside_the_failed_one_are_over(machine):
    machine.builds.hold("catalog")
    machine.builds.fails["orders"] = "no"
    key = machine.start()
    machine.until(lambda: machine.action(key, "orders", "Build").status == "Failed")
    machine.look()

    assert machine.one(key).status == "InProgress"
    machine.builds.let_go()
    assert machine.until_ended(key).status == "Failed"
    assert machine.action(key, "catalog", "Build").status == "Succeeded"


WRONG = {
    "no task definition": ({"taskdef.json": None}, "taskdef.json is not in it"),
    "a task definition that is no JSON": ({"taskdef.json": "{"}, "taskdef.json, line 1: not JSON"),
    "an AppSpec of no service": ({"appspec.yaml": "version: 0.0\nResources: []\n"}, "appspec.yaml"),
    "an image without address": ({"imageDetail.json": "{}"}, "imageDetail.json, expected"),
    "no image": ({"imageDetail.json": None}, "imageDetail.json is not in it"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_artifact_fails_the_deploy_action_before_there_is_a_deployment(machine, wrong):
    changes, message = WRONG[wrong]
    changed = built("catalog") | changes
    machine.builds.outputs["catalog"] = {name: text for name, text in changed.items() if text is not None}
    key = machine.start()
    machine.approve(key)

    one = machine.until_ended(key)

    failed = machine.action(key, "catalog", "Deploy")
    assert one.status == "Failed"
    assert message in failed.error_message
    assert failed.error_code
    assert machine.deployments.all() == []
    assert machine.aws.registered == []


def test_a_deployment_that_fails_fails_its_action_with_codedeploys_words(machine):
    machine.hooks.answer = "Failed"

    key = deploying(machine)
    one = machine.until_ended(key)

    failed = machine.action(key, "catalog", "Deploy")
    assert one.status == "Failed"
    assert failed.error_code == "JobFailed"
    assert failed.error_message.startswith("HOOK_EXECUTION_FAILURE: ")
    assert statuses(machine, key, "Deploy")["orders"] == "Pending"


def test_an_upload_that_fails_fails_the_action_and_hangs_nothing(machine):
    machine.aws.refuses["put_artifact"] = REFUSED

    one = machine.until_ended(machine.start())

    assert (one.status, one.stages[0].actions[0].error_code) == ("Failed", "ServiceUnavailable")


def test_a_look_that_fails_on_the_way_loses_no_work(machine, monkeypatch):
    key = machine.start()
    machine.look()
    wait_until(lambda: all(work.done() for work in machine.executions._work.values()))
    keep = machine.executions._keep

    def full_disk(one):
        raise OSError("no space left on device")

    monkeypatch.setattr(machine.executions, "_keep", full_disk)
    with pytest.raises(OSError, match="no space"):
        machine.executions.look()
    monkeypatch.setattr(machine.executions, "_keep", keep)

    machine.until_begun(key, "Agree")


# --- approval


def test_an_approval_lets_the_execution_go_on(machine):
    key = machine.start()
    machine.approve(key)

    machine.until_begun(key, "catalog", "Deploy")

    assert machine.action(key, "Agree").summary == "said the shopkeeper"


def test_an_approval_asks_with_the_variables_of_the_stages_before(machine):
    key = machine.start()
    machine.until_begun(key, "Agree")

    version = machine.one(key).commit[:7]
    assert machine.action(key, "Agree").summary == (
        f"Deploy catalog {version}, orders {version}, storefront {version}?"
    )


def test_a_rejection_fails_the_execution(machine):
    key = machine.start()
    machine.approve(key, "Rejected")

    one = machine.until_ended(key)

    assert one.status == "Failed"
    assert statuses(machine, key, "Approval") == {"Agree": "Failed"}
    assert machine.deployments.all() == []


def test_an_approval_takes_its_own_token_only(machine):
    key = machine.start()

    for token in ("another", ""):
        with pytest.raises(InvalidApprovalTokenException):
            machine.executions.approve("Approval", "Agree", token, "Approved", "")
    with pytest.raises(InvalidApprovalTokenException):
        machine.approve(key, token="0a1b2c3d-1234-1234-1234-123456789012")


def test_an_approval_is_answered_once(machine):
    key = machine.start()
    machine.approve(key)

    with pytest.raises(ApprovalAlreadyCompletedException):
        machine.approve(key, "Rejected")

    assert statuses(machine, key, "Approval") == {"Agree": "Succeeded"}


# --- stop


def test_a_stop_lets_what_works_finish_and_begins_nothing_more(machine):
    machine.builds.hold("orders")
    key = machine.start()
    machine.until(lambda: statuses(machine, key, "Build")["catalog"] == "Succeeded")

    machine.executions.stop(key, "another day", abandon=False)
    machine.look()
    meanwhile = machine.one(key).status
    machine.builds.let_go()
    one = machine.until_ended(key)

    assert (meanwhile, one.status) == ("Stopping", "Stopped")
    assert statuses(machine, key, "Build") == dict.fromkeys(GROUPS, "Succeeded")
    assert statuses(machine, key, "Approval") == {"Agree": "Pending"}
    assert [entry for entry in machine.told(key) if entry[0] == "Pipeline"] == [
        ("Pipeline", "", "STARTED"),
        ("Pipeline", "", "STOPPING"),
        ("Pipeline", "", "STOPPED"),
    ]
    assert ("Stage", "Build", "SUCCEEDED") in machine.told(key)


def test_a_stop_that_abandons_waits_for_nothing(machine):
    machine.builds.hold("orders")
    key = machine.start()
    machine.until(lambda: statuses(machine, key, "Build")["catalog"] == "Succeeded")

    machine.executions.stop(key, "another day", abandon=True)
    machine.look()

    assert machine.one(key).status == "Stopped"
    assert statuses(machine, key, "Build")["orders"] == "Abandoned"
    assert machine.told(key)[-5:] == [
        ("Pipeline", "", "STOPPING"),
        ("Stage", "Build", "STOPPING"),
        ("Action", "Build orders", "ABANDONED"),
        ("Stage", "Build", "STOPPED"),
        ("Pipeline", "", "STOPPED"),
    ]


@pytest.mark.parametrize("abandon", [True, False])
def test_an_execution_is_stopped_before_it_has_begun(machine, abandon):
    key = machine.start()

    machine.executions.stop(key, "", abandon=abandon)
    machine.look()

    assert machine.one(key).status == "Stopped"
    assert machine.told(key)[1:] == [("Pipeline", "", "STOPPING"), ("Pipeline", "", "STOPPED")]


@pytest.mark.parametrize("abandon", [True, False])
def test_an_execution_that_queues_stops_at_once(machine, abandon):
    machine.builds.hold("orders")
    first, second = machine.start(), machine.start()
    machine.until(lambda: statuses(machine, second, "Source")["Source"] == "Succeeded")

    machine.executions.stop(second, "not needed", abandon=abandon)
    machine.look()

    assert (machine.one(first).status, machine.one(second).status) == ("InProgress", "Stopped")


def test_an_approval_that_waits_is_abandoned(machine):
    key = machine.start()
    machine.until_begun(key, "Agree")

    machine.executions.stop(key, "nobody is there", abandon=True)
    machine.look()

    assert statuses(machine, key, "Approval") == {"Agree": "Abandoned"}
    with pytest.raises(ApprovalAlreadyCompletedException):
        machine.approve(key)


def test_a_deployment_that_an_execution_abandons_goes_on(machine):
    key = deploying(machine)

    machine.executions.stop(key, "not here", abandon=True)
    machine.look()
    stopped = machine.one(key).status
    machine.until(lambda: machine.deployments.all()[0].status == "Succeeded")

    assert stopped == "Stopped"
    assert [one.group for one in machine.deployments.all()] == ["catalog"]


def test_a_stop_waits_for_the_deployment_under_way(machine):
    key = deploying(machine)

    machine.executions.stop(key, "that will do", abandon=False)
    one = machine.until_ended(key)

    assert one.status == "Stopped"
    assert statuses(machine, key, "Deploy") == {
        "catalog": "Succeeded",
        "orders": "Pending",
        "storefront": "Pending",
    }


def test_who_waits_for_a_stop_may_still_abandon_and_nothing_is_asked_twice(machine):
    machine.builds.hold("orders")
    key = machine.start()
    machine.until_begun(key, "orders", "Build")
    machine.executions.stop(key, "slowly", abandon=False)
    with pytest.raises(DuplicatedStopRequestException):
        machine.executions.stop(key, "slowly", abandon=False)

    machine.executions.stop(key, "now", abandon=True)
    with pytest.raises(DuplicatedStopRequestException):
        machine.executions.stop(key, "now", abandon=True)
    one = machine.until_ended(key)

    assert (one.status, one.stop_reason) == ("Stopped", "now")
    assert machine.told(key).count(("Pipeline", "", "STOPPING")) == 1
    stopping = next(
        one for one in machine.announced("aws.codepipeline") if one["detail"]["state"] == "STOPPING"
    )
    assert stopping["detail"]["stop-execution-comments"] == "slowly"


def test_what_is_over_or_unknown_can_not_be_stopped(machine):
    key = machine.start()
    machine.executions.stop(key, "", abandon=True)
    machine.until_ended(key)

    with pytest.raises(PipelineExecutionNotStoppableException):
        machine.executions.stop(key, "", abandon=True)
    with pytest.raises(PipelineExecutionNotFoundException):
        machine.executions.stop("no-execution", "", abandon=True)


# --- a runner that is started again


def test_a_build_that_a_killed_runner_had_under_way_begins_again(machine):
    machine.builds.hold("orders")
    key = machine.start()
    machine.until(
        lambda: (
            {"catalog", "storefront"}
            <= {name for name, status in statuses(machine, key, "Build").items() if status == "Succeeded"}
        )
    )

    again = machine.restarted()
    again.until_begun(key, "Agree")

    assert again.builds.begun == ["orders"]
    assert again.builds.cleared == 1
    assert set(statuses(again, key, "Build").values()) == {"Succeeded"}
    again.close()


def test_a_deployment_that_a_killed_runner_had_under_way_is_followed_to_its_end(machine):
    key = deploying(machine)

    again = machine.restarted()
    one = again.until_ended(key)

    assert one.status == "Succeeded"
    assert [there.group for there in again.deployments.all()] == list(GROUPS)
    again.close()


def test_a_deployment_that_was_begun_and_not_yet_noted_is_found_again(machine):
    key = deploying(machine)
    document = machine.journal.get("execution", key)
    for action in document["stages"][-1]["actions"]:
        action["external_id"] = ""
    machine.journal.put("execution", key, document)

    again = machine.restarted()
    one = again.until_ended(key)

    assert one.status == "Succeeded"
    assert len(again.deployments.all()) == 3
    again.close()


def test_a_deploy_action_that_had_not_asked_for_a_deployment_begins_again(machine):
    key = machine.start()
    machine.approve(key)
    document = machine.journal.get("execution", key)
    document["stages"][-1]["actions"][0] |= {
        "status": "InProgress",
        "started": 1.0,
        "id": "of-the-killed-runner",
    }
    machine.journal.put("execution", key, document)

    again = machine.restarted()
    one = again.until_ended(key)

    assert one.status == "Succeeded"
    assert len(again.deployments.all()) == 3
    again.close()


def test_an_approval_waits_over_a_restart(machine):
    key = machine.start()
    machine.until_begun(key, "Agree")
    token = machine.action(key, "Agree").token

    again = machine.restarted()
    again.look()
    again.approve(key, token=token)

    again.until_begun(key, "catalog", "Deploy")
    again.close()


# --- a long history


@pytest.fixture(name="old")
def _old(machine):
    """A machine with 300 executions and 900 deployments behind it."""
    key = machine.start()
    machine.executions.stop(key, "", abandon=True)
    machine.until_ended(key)
    over = machine.one(key)
    deployed = World(hooks=["AfterAllowTestTraffic"]).to_the_end().deployment
    with machine.journal.together():
        for number in range(300):
            machine.executions._keep(replace(over, id=f"execution-{number}"))
            for group in GROUPS:
                deployed.id, deployed.execution = f"d-{number}-{group}", f"execution-{number}"
                machine.journal.put("deployment", deployed.id, deployment.as_document(deployed), is_over=True)
    return machine


def test_a_look_costs_the_same_however_long_the_history_is(old, monkeypatch):
    read = []
    loads = json.loads

    def counted(text):
        read.append(text)
        return loads(text)

    monkeypatch.setattr("local.pipeline.journal.json.loads", counted)
    began = time.process_time()
    old.executions.look()
    old.deployments.look()
    took_s = time.process_time() - began

    print(f"a look with 300 executions and 900 deployments: {took_s * 1000:.1f} ms")
    assert len(read) < 20, "documents that are over were read"


def test_a_snapshot_reads_what_belongs_to_the_execution_only(old):
    found = old.deployments.of_execution("execution-299")

    assert [one.id for one in found] == [f"d-299-{group}" for group in GROUPS]
    assert old.executions.newest().id == "execution-299"
    assert old.executions.under_way() == []
