import pytest

from local.pipeline.codedeploy.deploy_action import ActionFailed
from local.pipeline.codedeploy.errors import (
    ApplicationDoesNotExistException,
    DeploymentAlreadyCompletedException,
    DeploymentDoesNotExistException,
    DeploymentGroupDoesNotExistException,
    DeploymentLimitExceededException,
    InvalidLifecycleEventHookExecutionIdException,
    LifecycleEventAlreadyCompletedException,
)
from tests.unit.local.pipeline.revision import definition, files
from tests.unit.local.pipeline.samples import serve

BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
ARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/lantern-orders:8"


def deploy(machine, **about):
    """Begin a deployment of orders; returns its id."""
    group = machine.deployments.group("lantern", "orders")
    return machine.deployments.create(
        group, files()["appspec.yaml"].replace("<TASK_DEFINITION>", ARN), definition(), ARN, **about
    ).id


def deployed(machine):
    key = deploy(machine)
    machine.until(lambda: machine.deployments.one(key).status == "Succeeded", f"{key} succeeds")
    return machine.deployments.one(key)


def until_event(machine, key, name):
    machine.until(lambda: machine.deployments.one(key).event(name).status == "InProgress", f"{key}: {name}")


def shares(machine):
    group = machine.architecture.groups["orders"]
    return machine.balancer.weights[group.production.name], machine.balancer.weights[group.test.name]


def test_a_group_has_one_deployment_at_a_time(machine):
    first = deploy(machine)

    with pytest.raises(DeploymentLimitExceededException, match=f"already has an active Deployment '{first}'"):
        deploy(machine)

    assert [one.id for one in machine.deployments.all()] == [first]
    assert len(machine.fleet.task_sets()) == 1


def test_a_group_whose_rollback_still_drains_takes_no_deployment(machine):
    deployed(machine)
    key = deploy(machine)
    until_event(machine, key, "AllowTraffic")
    machine.deployments.stop(key)
    green = machine.fleet.task_set(machine.deployments.one(key).green)
    address = next(one.address for one in machine.containers.all() if one.task.task_set == green.id)
    machine.balancer.requests[address] = 3
    machine.until(lambda: machine.deployments.one(key).status == "Stopped")

    with pytest.raises(DeploymentLimitExceededException):
        deploy(machine)

    machine.balancer.requests.clear()
    machine.until(lambda: machine.deployments.active("orders") is None)
    deploy(machine)


def test_another_group_is_not_held_up(machine):
    deploy(machine)

    assert machine.deployments.active("catalog") is None


def test_a_revision_that_can_not_run_begins_nothing(machine):
    group, broken = machine.deployments.group("lantern", "orders"), definition() | {"networkMode": "host"}

    with pytest.raises(ActionFailed):
        machine.deployments.create(group, files()["appspec.yaml"], broken, ARN)

    assert machine.deployments.all() == []
    assert machine.fleet.task_sets() == []


def test_names_that_nobody_has_are_refused_as_codedeploy_does(machine):
    with pytest.raises(ApplicationDoesNotExistException):
        machine.deployments.group("bakery", "orders")
    with pytest.raises(DeploymentGroupDoesNotExistException):
        machine.deployments.group("lantern", "payments")
    with pytest.raises(DeploymentDoesNotExistException):
        machine.deployments.one("d-NOBODY")


def test_target_groups_change_parts_after_each_success(machine):
    first = deployed(machine)
    after_first = shares(machine)

    second = deployed(machine)

    assert (first.blue_targets, first.green_targets) == (BLUE, GREEN)
    assert (second.blue_targets, second.green_targets) == (GREEN, BLUE)
    assert after_first == ({GREEN: 100}, {GREEN: 100})
    assert shares(machine) == ({BLUE: 100}, {BLUE: 100})
    assert machine.deployments.service("orders").primary == second.green
    assert [(one.id, one.status) for one in machine.fleet.task_sets()] == [(second.green, "PRIMARY")]
    assert second.blue == first.green


def test_a_rollback_gives_all_traffic_back_to_blue(machine):
    before = deployed(machine)
    key = deploy(machine)
    until_event(machine, key, "AllowTraffic")
    canary = shares(machine)[0]

    machine.deployments.stop(key)
    machine.look()

    one = machine.deployments.one(key)
    assert canary == {BLUE: 10, GREEN: 90}
    assert shares(machine) == ({GREEN: 100}, {GREEN: 100})
    assert (one.status, one.weights[-1][1]) == ("Stopped", 0)
    assert machine.deployments.service("orders").primary == before.green
    machine.until(lambda: machine.deployments.one(one.rollback).status == "Succeeded")
    assert [there.id for there in machine.fleet.task_sets()] == [before.green]


def test_traffic_is_directed_before_a_hook_is_asked(machine):
    group = machine.architecture.groups["orders"]
    key = deployed(machine).id

    log = machine.balancer.log
    tried = max(at for at, one in enumerate(log) if one == ("weigh", group.test.name, {GREEN: 100}))
    assert tried < log.index(("ask", f"{key}-AfterAllowTestTraffic"))


def test_a_hook_is_not_asked_while_the_load_balancer_refuses(machine, monkeypatch):
    key = deploy(machine)

    def down(*_):
        raise OSError("no load balancer")

    monkeypatch.setattr(machine.balancer, "weigh", down)
    for _ in range(5):
        with pytest.raises(OSError, match="no load balancer"):
            machine.look()

    assert not [one for one in machine.balancer.log if one[0] == "ask"]
    monkeypatch.undo()
    machine.until(lambda: machine.deployments.one(key).status == "Succeeded")


def test_a_hook_answers_once_and_under_its_own_id(machine):
    machine.hooks.quiet = True
    key = deploy(machine)
    until_event(machine, key, "AfterAllowTestTraffic")
    hook = machine.deployments.one(key).event("AfterAllowTestTraffic").hook_id

    with pytest.raises(InvalidLifecycleEventHookExecutionIdException):
        machine.deployments.answer(key, "of-another-hook", "Succeeded")
    machine.deployments.answer(key, hook, "Failed")
    with pytest.raises(LifecycleEventAlreadyCompletedException):
        machine.deployments.answer(key, hook, "Succeeded")

    machine.look()
    assert machine.deployments.one(key).error_code == "HOOK_EXECUTION_FAILURE"


def test_what_is_over_can_not_be_stopped(machine):
    key = deployed(machine).id

    with pytest.raises(DeploymentAlreadyCompletedException):
        machine.deployments.stop(key)


def test_a_deployment_announces_its_states_as_codedeploy_does(machine):
    key = deploy(machine)
    machine.until(lambda: machine.deployments.one(key).status == "Succeeded")

    events = machine.announced("aws.codedeploy")

    assert [(one["detail"]["deploymentId"], one["detail"]["state"]) for one in events] == [
        (key, "START"),
        (key, "SUCCESS"),
    ]
    assert events[0]["detail-type"] == "CodeDeploy Deployment State-change Notification"
    assert events[0]["detail"]["deploymentGroup"] == "orders"


# --- alarms


def ring(machine):
    """Have half of green's requests fail for a while; returns the alarm that goes off."""
    group = machine.architecture.groups["orders"]
    for one in (group.blue, group.green):
        serve(machine.metrics, one.full_name, periods=10, failed=8, before=machine.clock.time)
    machine.clock.time += 1
    machine.deployments.look()
    return [name for name, state in machine.deployments.alarms().items() if state.value == "ALARM"]


def alarms_told(machine, name):
    return [
        (one["detail"]["previousState"]["value"], one["detail"]["state"]["value"])
        for one in machine.announced("aws.cloudwatch")
        if one["detail"]["alarmName"] == name
    ]


def test_an_alarm_that_changes_is_told_once_with_awss_envelope(machine):
    rung = ring(machine)
    for _ in range(3):
        machine.deployments.look()

    event = next(one for one in machine.announced("aws.cloudwatch") if one["detail"]["alarmName"] == rung[0])
    assert alarms_told(machine, rung[0]) == [("OK", "ALARM")]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{rung[0]}"]
    assert event["detail"]["state"]["reason"]


def test_an_alarm_that_calms_down_is_told(machine):
    rung = ring(machine)[0]

    machine.until(lambda: machine.deployments.alarms()[rung].value == "OK")

    assert alarms_told(machine, rung) == [("OK", "ALARM"), ("ALARM", "OK")]


def test_an_alarm_that_rang_when_the_runner_ended_is_told_when_it_is_calm(machine):
    rung = ring(machine)[0]

    again = machine.restarted()
    again.look()

    assert alarms_told(again, rung) == [("OK", "ALARM"), ("ALARM", "OK")]
    again.close()


def test_an_alarm_stops_a_deployment_and_names_itself(machine):
    deployed(machine)
    key = deploy(machine)
    until_event(machine, key, "AllowTraffic")

    rung = ring(machine)

    one = machine.deployments.one(key)
    assert (one.status, one.error_code) == ("Stopped", "ALARM_ACTIVE")
    assert all(f"<{name}>" in one.error_message for name in rung if "orders" in name)
    assert shares(machine)[0] == {GREEN: 100}


# --- restart


def test_a_step_of_the_shift_begins_its_time_anew_after_a_restart(machine):
    deployed(machine)
    key = deploy(machine)
    until_event(machine, key, "AllowTraffic")
    before = machine.deployments.one(key).next_at
    machine.clock.time += 3

    again = machine.restarted()

    assert again.deployments.one(key).next_at == again.clock.time + 5  # five minutes at a scale of 60
    assert again.deployments.one(key).next_at > before
    again.close()


def test_deployments_of_a_journal_without_notes_of_what_is_over_stay_as_they_are(machine):
    over = deployed(machine)
    machine.journal._db.execute("UPDATE documents SET is_over = 0")

    again = machine.restarted()
    again.look()

    assert again.deployments.one(over.id) == over
    assert again.deployments.under_way() == []
    again.close()


def test_a_load_balancer_that_was_restarted_gets_its_weights_again(machine):
    deployed(machine)
    forget = machine.balancer.forget
    machine.balancer.forget = lambda: (machine.balancer.weights.clear(), forget())

    machine.balancer.restart()
    machine.look()

    assert shares(machine) == ({GREEN: 100}, {GREEN: 100})
