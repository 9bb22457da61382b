import pytest

from local.rehearsal.story import BAD, EMULATED, GOOD, REAL, STAND_IN, news, scaled
from tests.unit.local.rehearsal.snapshots import action, deployment, snapshot, with_event


def told(before, after):
    return [(line.mark, line.text) for line in news(before, after)]


def test_the_same_snapshot_has_no_news():
    now = snapshot(
        [action("Source", "Source", "Succeeded")], [with_event(deployment(), "Install", "InProgress")]
    )

    assert news(now, now) == []


def test_an_action_is_told_when_it_begins_goes_on_and_ends():
    begun = snapshot([action("orders", "Build", "InProgress")])
    going = snapshot([action("orders", "Build", "InProgress", progress=["phase BUILD"])])
    over = snapshot([action("orders", "Build", "Succeeded", progress=["phase BUILD"])])

    lines = [*told(snapshot([action("orders", "Build")]), begun), *told(begun, going), *told(going, over)]

    assert lines == [
        (REAL, "Build orders: the commands of buildspec.yml, in a container of their own"),
        (REAL, "Build orders: phase BUILD"),
        (REAL, "Build orders: succeeded in 2.0 s"),
    ]


def test_a_failed_action_is_told_with_its_code_and_words():
    failed = action("orders", "Build", "Failed", error_code="YAML_FILE_ERROR", error_message="at line 3")

    (line,) = news(snapshot([action("orders", "Build", "InProgress")]), snapshot([failed]))

    assert line.text == "Build orders: failed in 2.0 s: YAML_FILE_ERROR at line 3"
    assert line.tone == BAD


def test_an_event_says_what_does_it_and_how_long_it_may_take_here():
    before = snapshot(deployments=[deployment()])
    install = snapshot(deployments=[with_event(deployment(), "Install", "InProgress")])
    hook = with_event(
        deployment(), "AfterAllowTestTraffic", "InProgress", hook="CodeDeployHook_lantern-smoke"
    )

    assert told(before, install) == [
        (REAL, "orders d-1: Install begins (CodeDeploy waits up to 60 min in 60 s for healthy tasks)")
    ]
    assert told(before, snapshot(deployments=[hook])) == [
        (
            EMULATED,
            "orders d-1: AfterAllowTestTraffic begins, CodeDeployHook_lantern-smoke runs in Lambda's place",
        )
    ]


def test_a_share_is_told_with_the_time_that_it_lasts_on_aws_and_here():
    before = snapshot(deployments=[deployment()])
    canary = snapshot(deployments=[deployment(weights=[[1.0, 10]])])
    back = snapshot(deployments=[deployment(weights=[[1.0, 10], [2.0, 0]])])

    assert told(before, canary) == [(STAND_IN, "orders: 10 % of production goes to green, for 5 min in 5 s")]
    assert told(canary, back) == [(STAND_IN, "orders: 0 % of production goes to green")]


def test_a_rollback_is_told_once_and_then_that_blue_serves_all():
    one = deployment(id="d-2", rolls_back="d-1", rollback_message="Deployment d-2 rolls back d-1.")
    over = one | {"status": "Succeeded", "ended": 5.0, "phase": "ended"}

    begun = news(snapshot(), snapshot(deployments=[one]))
    ended = news(snapshot(deployments=[one]), snapshot(deployments=[over]))

    assert [(line.text, line.tone) for line in begun] == [("orders: Deployment d-2 rolls back d-1.", BAD)]
    assert [(line.text, line.tone) for line in ended] == [("orders d-2: rolled back, blue serves all", GOOD)]


def test_alarms_trouble_and_those_ahead_are_told():
    now = snapshot(
        alarms={"lantern-orders-blue-errors": ["ALARM", "2 out of 3"]},
        trouble="Docker is away",
        ahead=["e-0"],
    )

    words = " | ".join(line.text for line in news(snapshot(), now))

    assert "alarm lantern-orders-blue-errors is ALARM: 2 out of 3 (a period of a minute lasts 1 s)" in words
    assert "the pipeline is in trouble and tries again: Docker is away" in words
    assert "waits behind e-0: the pipeline is QUEUED" in words


@pytest.mark.parametrize(
    ("minutes", "scale", "said"), [(5, 60, "5 min in 5 s"), (5, 1, "5 min"), (60, 120, "60 min in 30 s")]
)
def test_a_hurried_time_is_told_both_ways(minutes, scale, said):
    assert scaled(minutes, scale) == said
