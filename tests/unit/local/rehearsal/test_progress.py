import json

import pytest

from local.rehearsal.progress import LEGEND, REAL, STAND_IN, new_lines
from tests.unit.local.rehearsal.snapshots import (
    GREEN,
    START,
    action,
    deployment,
    event,
    execution,
    service,
    snapshot,
    task_set,
)

SMOKE = "CodeDeployHook_lantern-smoke"


def texts(*snapshots):
    """The mark and the text of every line, with the snapshots as they come over HTTP."""
    lines, before = [], None
    for snapshot_ in snapshots:
        after = json.loads(json.dumps(snapshot_))
        lines += new_lines(before, after)
        before = after
    return [(line.mark, line.text) for line in lines]


def with_action(stage, action_, at=0, **members):
    return snapshot(at, execution=execution((stage, action_)), **members)


def with_deployment(deployment_, at=0, **members):
    return snapshot(at, deployments=[deployment_], **members)


def test_snapshots_in_which_nothing_happens_have_no_lines():
    assert texts(snapshot(), snapshot(1), snapshot(2)) == []


def test_an_action_has_a_line_when_it_begins_and_when_it_ends():
    begun = with_action("Build", action("orders", "Build", "InProgress", 1))
    ended = with_action("Build", action("orders", "Build", "Succeeded", 1, took=4.25))

    assert texts(snapshot(), begun, begun, ended, ended) == [
        (REAL, "Build orders: the commands of buildspec.yml, in a container of their own"),
        (REAL, "Build orders: succeeded in 4.2 s"),
    ]


def test_an_action_that_begins_and_ends_between_two_snapshots_has_both_lines():
    ended = with_action("Source", action("Source", "Source", "Succeeded", 1, took=0.5))

    assert [text for _, text in texts(snapshot(), ended)] == [
        "Source: git archive of the commit, to the artifact bucket",
        "Source: succeeded in 0.5 s",
    ]


def test_a_failed_action_names_its_error():
    failed = action(
        "orders", "Build", "Failed", 1, took=2, error_code="CLIENT_ERROR", error_message="make fails"
    )

    assert texts(snapshot(), with_action("Build", failed))[-1] == (
        REAL,
        "Build orders: failed in 2.0 s: CLIENT_ERROR make fails",
    )


def test_each_phase_of_a_build_has_a_line():
    def building(*phases):
        return with_action("Build", action("orders", "Build", "InProgress", 1, progress=list(phases)))

    lines = texts(building(), building("phase INSTALL"), building("phase INSTALL", "phase BUILD"))

    assert [text for _, text in lines[1:]] == ["Build orders: phase INSTALL", "Build orders: phase BUILD"]


def test_an_approval_has_a_line_with_its_text():
    waiting = action("Agree", "Approval", "InProgress", 1, summary="Deploy orders 0123456?")

    assert texts(snapshot(), with_action("Approval", waiting)) == [
        (
            STAND_IN,
            "Approval Agree: waits for put-approval-result, or for the console: Deploy orders 0123456?",
        )
    ]


def test_an_execution_that_waits_has_a_line_with_those_ahead():
    lines = texts(snapshot(ahead=["execution-0"]), snapshot(1, ahead=["execution-0"]), snapshot(2))

    assert len(lines) == 1
    assert "waits behind execution-0" in lines[0][1]


def test_a_lifecycle_event_has_lines_with_scaled_times():
    begun = deployment(event("BeforeInstall", "Succeeded", 1, 0), event("Install", "InProgress", 1))
    ended = deployment(event("BeforeInstall", "Succeeded", 1, 0), event("Install", "Succeeded", 1, 3))

    assert texts(snapshot(), with_deployment(begun, 1), with_deployment(ended, 4)) == [
        (REAL, "orders d-FIRST: Install begins (CodeDeploy waits up to 60 min in 60 s for healthy tasks)"),
        (REAL, "orders d-FIRST: Install succeeded in 3.0 s"),
    ]


def test_a_hook_is_marked_as_real():
    begun = deployment(event("AfterAllowTestTraffic", "InProgress", 1, hook=SMOKE))
    failed = deployment(event("AfterAllowTestTraffic", "Failed", 1, 2, hook=SMOKE))

    assert texts(snapshot(), with_deployment(begun, 1), with_deployment(failed, 4)) == [
        (REAL, f"orders d-FIRST: AfterAllowTestTraffic begins, {SMOKE} runs in Lambda's place"),
        (REAL, "orders d-FIRST: AfterAllowTestTraffic failed"),
    ]


def test_each_step_of_the_traffic_shift_has_a_line_with_its_wait():
    canary = deployment(weights=[(START + 5, 10)])
    whole = deployment(weights=[(START + 5, 10), (START + 10, 100)])

    assert texts(snapshot(), with_deployment(canary, 5), with_deployment(whole, 10)) == [
        (STAND_IN, "orders: 10 % of production goes to green, for 5 min in 5 s"),
        (STAND_IN, "orders: 100 % of production goes to green"),
    ]


def test_at_a_time_scale_of_1_no_time_is_scaled():
    canary = deployment(weights=[(START + 5, 10)])

    assert texts(snapshot(), with_deployment(canary, 5, scale=1.0))[0][1].endswith("for 5 min")


def test_the_end_of_a_successful_deployment_has_its_lines():
    kept = deployment(phase="keeping blue")
    ending = deployment(phase="ending blue")
    ended = deployment(phase="ended", status="Succeeded", ended=START + 30)

    lines = texts(
        with_deployment(deployment()),
        with_deployment(kept, 20),
        with_deployment(ending, 25),
        with_deployment(ended, 30),
    )

    assert lines == [
        (STAND_IN, "orders: blue is kept for 5 min in 5 s; a rollback would be instant"),
        (REAL, "orders: blue's tasks drain and stop"),
        (STAND_IN, "orders d-FIRST: deployment succeeded"),
    ]


def rolled_back(at, *, is_over=False):
    failed = deployment(
        phase="ending green",
        status="Stopped",
        ended=START + 9,
        error_code="ALARM_ACTIVE",
        error_message="Activated alarms: <lantern-orders-errors>",
        weights=[(START + 5, 10), (START + 9, 0)],
    )
    back = deployment(
        id="d-BACK",
        created=START + 9,
        rolls_back="d-FIRST",
        rollback_message="Deployment d-BACK is triggered to roll back deployment d-FIRST.",
        status="Succeeded" if is_over else "InProgress",
        ended=START + 12 if is_over else None,
    )
    return snapshot(at, deployments=[failed, back])


def test_the_lines_of_a_rollback_are_in_its_order():
    canary = with_deployment(deployment(weights=[(START + 5, 10)]), 5)

    lines = [text for _, text in texts(canary, rolled_back(9), rolled_back(12, is_over=True))[1:]]

    assert lines == [
        "orders: 0 % of production goes to green",
        "orders d-FIRST: stopped, ALARM_ACTIVE: Activated alarms: <lantern-orders-errors>",
        "orders: Deployment d-BACK is triggered to roll back deployment d-FIRST.",
        "orders d-BACK: rolled back, blue serves all",
    ]


def test_a_rollback_between_two_snapshots_has_all_its_lines():
    lines = [text for _, text in texts(snapshot(), rolled_back(12, is_over=True))]

    assert lines[-1] == "orders d-BACK: rolled back, blue serves all"
    assert len(lines) == len(set(lines)) == 5


def test_each_change_of_an_alarm_has_a_line():
    def alarm(value, at):
        return snapshot(at, alarms={"lantern-orders-errors": [value, "2 out of the last 2 datapoints > 5"]})

    lines = texts(alarm("OK", 0), alarm("ALARM", 1), alarm("ALARM", 2), alarm("OK", 3))

    assert [text.partition(":")[0] for _, text in lines] == [
        "alarm lantern-orders-errors is ALARM",
        "alarm lantern-orders-errors is OK",
    ]
    assert lines[0][1].endswith("(a period of a minute lasts 1 s)")


@pytest.mark.parametrize(("value", "count"), [("ALARM", 1), ("INSUFFICIENT_DATA", 0), ("OK", 0)])
def test_in_the_first_snapshot_only_an_alarm_in_alarm_has_a_line(value, count):
    assert len(texts(snapshot(alarms={"lantern-orders-errors": [value, "so it was"]}))) == count


def test_a_task_that_stops_has_a_line_and_one_that_stopped_before_has_none():
    old = service(task_sets=[task_set(stopped="of last week")])
    crashed = service(task_sets=[task_set(stopped="of last week"), task_set("ecs-svc/2", GREEN, "89abcde")])
    again = service(
        task_sets=[
            task_set(stopped="of last week"),
            task_set("ecs-svc/2", GREEN, "89abcde", stopped="exited (1)"),
        ]
    )

    lines = texts(
        snapshot(0, services=[old]),
        snapshot(1, services=[crashed]),
        snapshot(2, services=[again]),
        snapshot(3, services=[again]),
    )

    assert lines == [(REAL, "orders: a task of 89abcde stopped: exited (1)")]


def test_trouble_has_a_line_each_time_it_begins():
    sick = "the load balancer does not answer"

    lines = texts(
        snapshot(), *(snapshot(at, trouble=sick) for at in (1, 2)), snapshot(3), snapshot(4, trouble=sick)
    )

    assert [text for _, text in lines] == [f"the pipeline is in trouble and tries again: {sick}"] * 2


def test_a_restart_of_the_runner_has_a_line_and_repeats_no_others():
    building = with_action("Build", action("orders", "Build", "InProgress", 1, progress=["phase BUILD"]), 2)
    starting = building | {"trouble": "starting", "now": START + 3}
    pending = with_action("Build", action("orders", "Build", progress=["phase BUILD"]), 4)
    again = with_action("Build", action("orders", "Build", "InProgress", 5, progress=["phase BUILD"]), 5)

    lines = [text for _, text in texts(building, starting, starting, pending, again)]

    assert lines == [
        "Build orders: the commands of buildspec.yml, in a container of their own",
        "Build orders: phase BUILD",
        "the pipeline was started again and goes on where it was",
        "Build orders: the commands of buildspec.yml, in a container of their own",
    ]


def test_lines_are_in_the_order_of_time():
    lines = new_lines(
        snapshot(),
        snapshot(
            9,
            execution=execution(("Deploy", action("orders", "Deploy", "InProgress", 1))),
            deployments=[deployment(event("Install", "Succeeded", 2, 3), weights=[(START + 6, 10)])],
            alarms={"lantern-orders-errors": ["ALARM", "too many"]},
        ),
    )

    assert len(lines) == 5
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert {line.mark for line in lines} <= set(LEGEND)
