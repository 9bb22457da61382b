import json

import pytest

from local.rehearsal import story
from local.rehearsal.story import EMULATED, REAL, STAND_IN, news
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
    """Every line of a story, each snapshot as it comes over the wire."""
    lines, before = [], None
    for one in snapshots:
        after = json.loads(json.dumps(one))
        lines += news(before, after)
        before = after
    return [(line.mark, line.text) for line in lines]


def with_action(stage, one, at=0, **rest):
    return snapshot(at, execution=execution((stage, one)), **rest)


def with_deployment(one, at=0, **rest):
    return snapshot(at, deployments=[one], **rest)


def test_a_story_in_which_nothing_happens_has_no_lines():
    assert texts(snapshot(), snapshot(1), snapshot(2)) == []


def test_an_action_is_told_when_it_begins_and_when_it_ends():
    begun = with_action("Build", action("orders", "Build", "InProgress", 1))
    ended = with_action("Build", action("orders", "Build", "Succeeded", 1, took=4.25))

    assert texts(snapshot(), begun, begun, ended, ended) == [
        (REAL, "Build orders: the commands of buildspec.yml, in a container of their own"),
        (REAL, "Build orders: succeeded in 4.2 s"),
    ]


def test_an_action_that_came_and_went_between_two_looks_is_told_whole():
    ended = with_action("Source", action("Source", "Source", "Succeeded", 1, took=0.5))

    assert [text for _, text in texts(snapshot(), ended)] == [
        "Source: git archive of the commit, to the artifact bucket",
        "Source: succeeded in 0.5 s",
    ]


def test_a_failed_action_names_its_error():
    one = action(
        "orders", "Build", "Failed", 1, took=2, error_code="CLIENT_ERROR", error_message="make fails"
    )

    assert texts(snapshot(), with_action("Build", one))[-1] == (
        REAL,
        "Build orders: failed in 2.0 s: CLIENT_ERROR make fails",
    )


def test_each_phase_of_a_build_is_told_once():
    def building(*phases):
        return with_action("Build", action("orders", "Build", "InProgress", 1, progress=list(phases)))

    told = texts(building(), building("phase INSTALL"), building("phase INSTALL", "phase BUILD"))

    assert [text for _, text in told[1:]] == ["Build orders: phase INSTALL", "Build orders: phase BUILD"]


def test_an_approval_says_what_it_waits_for():
    one = action("Agree", "Approval", "InProgress", 1, summary="Deploy orders 0123456?")

    assert texts(snapshot(), with_action("Approval", one)) == [
        (
            STAND_IN,
            "Approval Agree: waits for put-approval-result, or for the console: Deploy orders 0123456?",
        )
    ]


def test_an_execution_that_queues_says_behind_whom_once():
    told = texts(snapshot(ahead=["execution-0"]), snapshot(1, ahead=["execution-0"]), snapshot(2))

    assert len(told) == 1
    assert "waits behind execution-0" in told[0][1]


def test_lifecycle_events_are_told_with_scaled_times_and_honest_marks():
    begun = deployment(event("BeforeInstall", "Succeeded", 1, 0), event("Install", "InProgress", 1))
    ended = deployment(event("BeforeInstall", "Succeeded", 1, 0), event("Install", "Succeeded", 1, 3))

    assert texts(snapshot(), with_deployment(begun, 1), with_deployment(ended, 4)) == [
        (REAL, "orders d-FIRST: Install begins (CodeDeploy waits up to 60 min in 60 s for healthy tasks)"),
        (REAL, "orders d-FIRST: Install succeeded in 3.0 s"),
    ]


def test_a_hook_is_told_as_emulated():
    begun = deployment(event("AfterAllowTestTraffic", "InProgress", 1, hook=SMOKE))
    failed = deployment(event("AfterAllowTestTraffic", "Failed", 1, 2, hook=SMOKE))

    assert texts(snapshot(), with_deployment(begun, 1), with_deployment(failed, 4)) == [
        (EMULATED, f"orders d-FIRST: AfterAllowTestTraffic begins, {SMOKE} runs in Lambda's place"),
        (EMULATED, "orders d-FIRST: AfterAllowTestTraffic failed"),
    ]


def test_each_step_of_the_shift_is_told_with_the_time_that_it_stays():
    canary = deployment(weights=[(START + 5, 10)])
    whole = deployment(weights=[(START + 5, 10), (START + 10, 100)])

    assert texts(snapshot(), with_deployment(canary, 5), with_deployment(whole, 10)) == [
        (STAND_IN, "orders: 10 % of production goes to green, for 5 min in 5 s"),
        (STAND_IN, "orders: 100 % of production goes to green"),
    ]


def test_at_awss_own_pace_no_time_is_scaled():
    canary = deployment(weights=[(START + 5, 10)])

    assert texts(snapshot(), with_deployment(canary, 5, scale=1.0))[0][1].endswith("for 5 min")


def test_the_end_of_a_good_deployment_is_told():
    kept = deployment(phase="keeping blue")
    ending = deployment(phase="ending blue")
    ended = deployment(phase="ended", status="Succeeded", ended=START + 30)

    told = texts(
        with_deployment(deployment()),
        with_deployment(kept, 20),
        with_deployment(ending, 25),
        with_deployment(ended, 30),
    )

    assert told == [
        (STAND_IN, "orders: blue is kept for 5 min in 5 s; a rollback would be instant"),
        (REAL, "orders: blue's tasks drain and stop"),
        (STAND_IN, "orders d-FIRST: deployment succeeded"),
    ]


def rolled_back(at, *, is_over=False):
    one = deployment(
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
    return snapshot(at, deployments=[one, back])


def test_a_rollback_is_told_in_the_order_in_which_it_went():
    canary = with_deployment(deployment(weights=[(START + 5, 10)]), 5)

    told = [text for _, text in texts(canary, rolled_back(9), rolled_back(12, is_over=True))[1:]]

    assert told == [
        "orders: 0 % of production goes to green",
        "orders d-FIRST: stopped, ALARM_ACTIVE: Activated alarms: <lantern-orders-errors>",
        "orders: Deployment d-BACK is triggered to roll back deployment d-FIRST.",
        "orders d-BACK: rolled back, blue serves all",
    ]


def test_a_rollback_that_came_and_went_between_two_looks_is_told_whole():
    told = [text for _, text in texts(snapshot(), rolled_back(12, is_over=True))]

    assert told[-1] == "orders d-BACK: rolled back, blue serves all"
    assert len(told) == len(set(told)) == 5


def test_an_alarm_is_told_once_for_each_change():
    def alarm(value, at):
        return snapshot(at, alarms={"lantern-orders-errors": [value, "2 out of the last 2 datapoints > 5"]})

    told = texts(alarm("OK", 0), alarm("ALARM", 1), alarm("ALARM", 2), alarm("OK", 3))

    assert [text.partition(":")[0] for _, text in told] == [
        "alarm lantern-orders-errors is ALARM",
        "alarm lantern-orders-errors is OK",
    ]
    assert told[0][1].endswith("(a period of a minute lasts 1 s)")


@pytest.mark.parametrize(("value", "count"), [("ALARM", 1), ("INSUFFICIENT_DATA", 0), ("OK", 0)])
def test_at_the_begin_only_an_alarm_that_rings_is_news(value, count):
    assert len(texts(snapshot(alarms={"lantern-orders-errors": [value, "so it was"]}))) == count


def test_a_task_that_stops_is_told_and_one_that_stopped_long_ago_is_not():
    old = service(task_sets=[task_set(stopped="of last week")])
    crashed = service(task_sets=[task_set(stopped="of last week"), task_set("ecs-svc/2", GREEN, "89abcde")])
    again = service(
        task_sets=[
            task_set(stopped="of last week"),
            task_set("ecs-svc/2", GREEN, "89abcde", stopped="exited (1)"),
        ]
    )

    told = texts(
        snapshot(0, services=[old]),
        snapshot(1, services=[crashed]),
        snapshot(2, services=[again]),
        snapshot(3, services=[again]),
    )

    assert told == [(REAL, "orders: a task of 89abcde stopped: exited (1)")]


def test_trouble_is_told_once_and_again_when_it_comes_back():
    sick = "the load balancer does not answer"

    told = texts(
        snapshot(), *(snapshot(at, trouble=sick) for at in (1, 2)), snapshot(3), snapshot(4, trouble=sick)
    )

    assert [text for _, text in told] == [f"the pipeline is in trouble and tries again: {sick}"] * 2


def test_a_restart_of_the_runner_is_told_and_repeats_nothing():
    building = with_action("Build", action("orders", "Build", "InProgress", 1, progress=["phase BUILD"]), 2)
    starting = building | {"trouble": "starting", "now": START + 3}
    pending = with_action("Build", action("orders", "Build", progress=["phase BUILD"]), 4)
    again = with_action("Build", action("orders", "Build", "InProgress", 5, progress=["phase BUILD"]), 5)

    told = [text for _, text in texts(building, starting, starting, pending, again)]

    assert told == [
        "Build orders: the commands of buildspec.yml, in a container of their own",
        "Build orders: phase BUILD",
        "the pipeline was started again and goes on where it was",
        "Build orders: the commands of buildspec.yml, in a container of their own",
    ]


def test_lines_of_one_look_come_in_the_order_of_time():
    lines = news(
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
    assert {line.mark for line in lines} <= set(story.LEGEND)
