import pytest

from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.errors import (
    ApplicationDoesNotExistException,
    DeploymentAlreadyCompletedException,
    DeploymentDoesNotExistException,
    DeploymentGroupDoesNotExistException,
    DeploymentLimitExceededException,
    InvalidLifecycleEventHookExecutionIdException,
    LifecycleEventAlreadyCompletedException,
)
from local.pipeline.codedeploy.operations import create_deployment
from tests.unit.local.pipeline.deploy_artifact import definition, files
from tests.unit.local.pipeline.requests_log import add_requests

BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
ARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/lantern-orders:8"


def deploy(runner):
    """Create a deployment of orders; returns its id."""
    return runner.deployments.create(
        runner.deployments.group("lantern", "orders"),
        app_spec=files()["appspec.yaml"].replace("<TASK_DEFINITION>", ARN),
        task_definition=ARN,
        definition=definition(),
    ).id


def deployed(runner):
    key = deploy(runner)
    runner.until(lambda: runner.deployments.get(key).status == "Succeeded", f"{key} succeeds")
    return runner.deployments.get(key)


def until_event(runner, key, name):
    runner.until(lambda: runner.deployments.get(key).event(name).status == "InProgress", f"{key}: {name}")


def shares(runner):
    group = runner.architecture.groups["orders"]
    return runner.load_balancer.weights[group.production.name], runner.load_balancer.weights[group.test.name]


def test_a_group_has_one_deployment_at_a_time(runner):
    first = deploy(runner)

    with pytest.raises(DeploymentLimitExceededException, match=f"already has an active Deployment '{first}'"):
        deploy(runner)

    assert [deployment.id for deployment in runner.deployments.all()] == [first]
    assert len(runner.scheduler.task_sets()) == 1


def test_a_group_whose_rollback_still_drains_takes_no_deployment(runner):
    deployed(runner)
    key = deploy(runner)
    until_event(runner, key, "AllowTraffic")
    runner.deployments.stop(key)
    green = runner.scheduler.task_set(runner.deployments.get(key).green)
    address = next(task.address for task in runner.task_runner.all() if task.task.task_set == green.id)
    runner.load_balancer.requests[address] = 3
    runner.until(lambda: runner.deployments.get(key).status == "Stopped")

    with pytest.raises(DeploymentLimitExceededException):
        deploy(runner)

    runner.load_balancer.requests.clear()
    runner.until(lambda: runner.deployments.active("orders") is None)
    deploy(runner)


def test_a_deployment_blocks_no_other_group(runner):
    deploy(runner)

    assert runner.deployments.active("catalog") is None


def test_a_revision_that_can_not_run_begins_nothing(runner):
    group, broken = runner.deployments.group("lantern", "orders"), definition() | {"networkMode": "host"}

    with pytest.raises(CodedError):
        runner.deployments.create(
            group, app_spec=files()["appspec.yaml"], task_definition=ARN, definition=broken
        )

    assert runner.deployments.all() == []
    assert runner.scheduler.task_sets() == []


def test_unknown_names_are_refused_with_codedeploys_errors(runner):
    with pytest.raises(ApplicationDoesNotExistException):
        runner.deployments.group("bakery", "orders")
    with pytest.raises(DeploymentGroupDoesNotExistException):
        runner.deployments.group("lantern", "payments")
    with pytest.raises(DeploymentDoesNotExistException):
        runner.deployments.get("d-NOBODY")


def test_target_groups_change_roles_with_each_success(runner):
    first = deployed(runner)
    after_first = shares(runner)

    second = deployed(runner)

    assert (first.blue_targets, first.green_targets) == (BLUE, GREEN)
    assert (second.blue_targets, second.green_targets) == (GREEN, BLUE)
    assert after_first == ({GREEN: 100}, {GREEN: 100})
    assert shares(runner) == ({BLUE: 100}, {BLUE: 100})
    assert runner.traffic.get("orders").primary == second.green
    assert [(task_set.id, task_set.status) for task_set in runner.scheduler.task_sets()] == [
        (second.green, "PRIMARY")
    ]
    assert second.blue == first.green


def test_a_rollback_gives_all_traffic_back_to_blue(runner):
    before = deployed(runner)
    key = deploy(runner)
    until_event(runner, key, "AllowTraffic")
    canary = shares(runner)[0]

    runner.deployments.stop(key)
    runner.look()

    stopped = runner.deployments.get(key)
    assert canary == {BLUE: 10, GREEN: 90}
    assert shares(runner) == ({GREEN: 100}, {GREEN: 100})
    assert (stopped.status, stopped.weights[-1][1]) == ("Stopped", 0)
    assert runner.traffic.get("orders").primary == before.green
    runner.until(lambda: runner.deployments.get(stopped.rollback).status == "Succeeded")
    assert [task_set.id for task_set in runner.scheduler.task_sets()] == [before.green]


def test_traffic_is_shifted_before_a_hook_is_invoked(runner):
    group = runner.architecture.groups["orders"]
    key = deployed(runner).id

    log = runner.load_balancer.log
    shifted = max(
        index for index, entry in enumerate(log) if entry == ("set weights", group.test.name, {GREEN: 100})
    )
    assert shifted < log.index(("invoke", f"{key}-AfterAllowTestTraffic"))


def test_no_hook_is_invoked_while_the_load_balancer_refuses(runner, monkeypatch):
    key = deploy(runner)

    def down(*_):
        raise OSError("no load balancer")

    monkeypatch.setattr(runner.load_balancer, "set_weights", down)
    for _ in range(5):
        with pytest.raises(OSError, match="no load balancer"):
            runner.look()

    assert not [entry for entry in runner.load_balancer.log if entry[0] == "invoke"]
    monkeypatch.undo()
    runner.until(lambda: runner.deployments.get(key).status == "Succeeded")


def test_a_hook_reports_once_and_under_its_own_id(runner):
    runner.hooks.quiet = True
    key = deploy(runner)
    until_event(runner, key, "AfterAllowTestTraffic")
    hook = runner.deployments.get(key).event("AfterAllowTestTraffic").hook_id

    with pytest.raises(InvalidLifecycleEventHookExecutionIdException):
        runner.deployments.report_hook(key, "of-another-hook", "Succeeded")
    runner.deployments.report_hook(key, hook, "Failed")
    with pytest.raises(LifecycleEventAlreadyCompletedException):
        runner.deployments.report_hook(key, hook, "Succeeded")

    runner.look()
    assert runner.deployments.get(key).error_code == "HOOK_EXECUTION_FAILURE"


def test_a_deployment_that_is_over_can_not_be_stopped(runner):
    key = deployed(runner).id

    with pytest.raises(DeploymentAlreadyCompletedException):
        runner.deployments.stop(key)


def test_a_deployment_announces_its_states_as_codedeploy_does(runner):
    key = deploy(runner)
    runner.until(lambda: runner.deployments.get(key).status == "Succeeded")

    events = runner.events("aws.codedeploy")

    assert [(event["detail"]["deploymentId"], event["detail"]["state"]) for event in events] == [
        (key, "START"),
        (key, "SUCCESS"),
    ]
    assert events[0]["detail-type"] == "CodeDeploy Deployment State-change Notification"
    assert events[0]["detail"]["deploymentGroup"] == "orders"


# --- alarms


def ring(runner):
    """Let most requests of orders fail for a while; returns the names of the alarms that go off."""
    group = runner.architecture.groups["orders"]
    for target_group in (group.blue, group.green):
        add_requests(runner.metrics, target_group.full_name, periods=10, failed=8, before=runner.clock.time)
    runner.clock.time += 1
    runner.deployments.look()
    return [name for name, state in runner.alarms.all().items() if state.value == "ALARM"]


def state_changes(runner, alarm):
    """The state changes of an alarm that were announced."""
    return [
        (event["detail"]["previousState"]["value"], event["detail"]["state"]["value"])
        for event in runner.events("aws.cloudwatch")
        if event["detail"]["alarmName"] == alarm
    ]


def test_an_alarm_that_changes_is_announced_once_in_cloudwatchs_form(runner):
    ringing = ring(runner)
    for _ in range(3):
        runner.deployments.look()

    event = next(
        event for event in runner.events("aws.cloudwatch") if event["detail"]["alarmName"] == ringing[0]
    )
    assert state_changes(runner, ringing[0]) == [("OK", "ALARM")]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{ringing[0]}"]
    assert event["detail"]["state"]["reason"]


def test_an_alarm_that_is_ok_again_is_announced(runner):
    ringing = ring(runner)[0]

    runner.until(lambda: runner.alarms.all()[ringing].value == "OK")

    assert state_changes(runner, ringing) == [("OK", "ALARM"), ("ALARM", "OK")]


def test_an_alarm_that_rang_when_the_runner_ended_is_announced_when_it_is_ok(runner):
    ringing = ring(runner)[0]

    next_runner = runner.restarted()
    next_runner.look()

    assert state_changes(next_runner, ringing) == [("OK", "ALARM"), ("ALARM", "OK")]
    next_runner.close()


def test_an_alarm_stops_a_deployment_and_names_itself(runner):
    deployed(runner)
    key = deploy(runner)
    until_event(runner, key, "AllowTraffic")

    ringing = ring(runner)

    stopped = runner.deployments.get(key)
    assert (stopped.status, stopped.error_code) == ("Stopped", "ALARM_ACTIVE")
    assert all(f"<{name}>" in stopped.error_message for name in ringing if "orders" in name)
    assert shares(runner)[0] == {GREEN: 100}


# --- restart


def test_a_step_of_the_shift_begins_its_time_anew_after_a_restart(runner):
    deployed(runner)
    key = deploy(runner)
    until_event(runner, key, "AllowTraffic")
    before = runner.deployments.get(key).next_at
    runner.clock.time += 3

    next_runner = runner.restarted()

    assert (
        next_runner.deployments.get(key).next_at == next_runner.clock.time + 5
    )  # five minutes at a scale of 60
    assert next_runner.deployments.get(key).next_at > before
    next_runner.close()


def test_an_ended_deployment_that_an_earlier_journal_calls_unfinished_stays_as_it_is(runner):
    ended = deployed(runner)
    runner.journal._db.execute("UPDATE documents SET is_over = 0")

    next_runner = runner.restarted()
    next_runner.look()

    assert next_runner.deployments.get(ended.id) == ended
    assert next_runner.deployments.unfinished() == []
    next_runner.close()


def test_a_load_balancer_that_was_restarted_gets_its_weights_again(runner):
    deployed(runner)

    runner.load_balancer.restart()
    runner.look()

    assert shares(runner) == ({GREEN: 100}, {GREEN: 100})


def test_a_good_release_that_follows_a_bad_one_is_stopped_by_the_alarm_that_still_rings(runner):
    deployed(runner)
    ringing = ring(runner)
    good = deploy(runner)

    runner.deployments.look()

    stopped = runner.deployments.get(good)
    assert stopped.error_code == "ALARM_ACTIVE"
    assert stopped.weights == []
    assert ringing[0] in stopped.error_message


@pytest.mark.parametrize("override", [{"enabled": False}, {"enabled": True, "alarms": [{"name": "another"}]}])
def test_a_deployment_that_overrides_the_alarms_passes_them_over(runner, override):
    deployed(runner)
    ring(runner)
    request = {
        "applicationName": "lantern",
        "deploymentGroupName": "orders",
        "overrideAlarmConfiguration": override,
        "revision": {
            "appSpecContent": {"content": files()["appspec.yaml"].replace("<TASK_DEFINITION>", ARN)}
        },
    }
    runner.aws.task_definition = lambda name: (name, definition())

    key = create_deployment.answer(request, runner)["deploymentId"]

    runner.until(lambda: runner.deployments.get(key).status == "Succeeded", "the good release takes over")
