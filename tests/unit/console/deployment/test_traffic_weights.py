"""Green's traffic weights, worked out from a configuration and the times of lifecycle events."""

import pytest

from console.deployment.traffic_weights import Weight, Weights, weights_of
from console.pipeline.deployments import Deployment, LifecycleEvent, TaskSet, TrafficRouting

CANARY = TrafficRouting("TimeBasedCanary", 10, 5)
LINEAR = TrafficRouting("TimeBasedLinear", 25, 1)
EVERYTHING = TrafficRouting()
NOW = 1_000.0


def deployment(status="Succeeded", ended=900.0, shift=None, green=None, **fields):
    """A deployment that started at 100; `shift` is the status, start and end of its AllowTraffic event."""
    events = (LifecycleEvent("Install", "Succeeded", 100.0, 200.0),)
    if shift:
        events += (LifecycleEvent("AllowTraffic", *shift),)
    task_sets = (
        (TaskSet("Green", "g", "ACTIVE", 2, 2, 0, green, "green-targets"),) if green is not None else ()
    )
    values = {
        "id": "d-CANARY",
        "application": "lantern",
        "group": "orders",
        "config": "Canary",
        "status": status,
        "created_s": 100.0,
        "started_s": 100.0,
        "ended_s": ended,
        "events": events,
        "task_sets": task_sets,
    }
    texts = ("description", "creator", "error_code", "error_message", "rolled_back_by", "rolls_back")
    values |= dict.fromkeys((*texts, "rollback_message", "task_definition"), "") | fields
    return Deployment(**values)


def steps(answered, routing):
    return [(step.at_s, step.percent) for step in weights_of(answered, routing, NOW).steps]


def test_a_canary_has_its_share_until_all_traffic_is_allowed():
    answered = deployment(shift=("Succeeded", 300.0, 600.0))

    assert steps(answered, CANARY) == [(100, 0), (300, 10), (600, 100)]


def test_a_canary_that_fails_gives_blue_all_traffic_at_once():
    answered = deployment("Stopped", 450.0, ("Failed", 300.0, 450.0))

    assert steps(answered, CANARY) == [(100, 0), (300, 10), (450, 0)]
    assert "back to nought where the deployment failed" in weights_of(answered, CANARY, NOW).how


def test_a_failure_after_the_shift_gives_blue_all_traffic_when_the_deployment_ends():
    answered = deployment("Failed", 800.0, ("Succeeded", 300.0, 600.0))

    assert steps(answered, CANARY) == [(100, 0), (300, 10), (600, 100), (800, 0)]


def test_linear_steps_are_spread_over_the_time_that_the_shift_took():
    answered = deployment(shift=("Succeeded", 300.0, 600.0))

    assert steps(answered, LINEAR) == [(100, 0), (300, 25), (400, 50), (500, 75), (600, 100)]


def test_linear_steps_that_do_not_divide_a_hundred_end_there():
    answered = deployment(shift=("Succeeded", 300.0, 600.0))

    assert steps(answered, TrafficRouting("TimeBasedLinear", 40, 1)) == [
        (100, 0),
        (300, 40),
        (450, 80),
        (600, 100),
    ]


def test_linear_steps_of_a_shift_that_failed_are_those_that_its_interval_allowed():
    answered = deployment("Stopped", 400.0, ("Failed", 300.0, 400.0))

    assert steps(answered, LINEAR) == [(100, 0), (300, 25), (360, 50), (400, 0)]


def test_linear_steps_of_a_running_rehearsal_reach_what_the_task_set_says():
    answered = deployment("InProgress", None, ("InProgress", 990.0, None), green=75.0)

    weights = steps(answered, LINEAR)

    assert [percent for _, percent in weights] == [0, 25, 50, 75]
    assert all(at <= NOW for at, _ in weights)


def test_all_at_once_gives_green_all_traffic_when_the_event_starts():
    answered = deployment(shift=("Succeeded", 300.0, 300.0))

    assert steps(answered, EVERYTHING) == [(100, 0), (300, 100)]


def test_a_running_canary_has_its_share_or_a_greater_weight_of_the_task_set():
    early = deployment("InProgress", None, ("InProgress", 300.0, None), green=10.0)
    late = deployment("InProgress", None, ("InProgress", 300.0, None), green=100.0)

    assert steps(early, CANARY) == [(100, 0), (300, 10)]
    assert steps(late, CANARY) == [(100, 0), (300, 10), (NOW, 100)]


@pytest.mark.parametrize("shift", [None, ("Skipped", None, None), ("Pending", None, None)])
def test_a_deployment_that_was_stopped_before_traffic_leaves_production_to_blue(shift):
    answered = deployment("Stopped", 250.0, shift)

    assert steps(answered, CANARY) == [(100, 0)]
    assert "has not begun" in weights_of(answered, CANARY, NOW).how


def test_a_rollback_has_all_traffic_from_its_start():
    answered = deployment(shift=("Skipped", None, None), rolls_back="d-CANARY")

    assert steps(answered, EVERYTHING) == [(100, 100)]


def test_the_page_says_how_it_was_worked_out():
    how = weights_of(deployment(shift=("Succeeded", 300.0, 600.0)), CANARY, NOW).how

    assert "canary: 10 % for 5 min, then all" in how
    assert "keeps no history" in how


def test_the_area_starts_and_ends_at_zero_and_steps_without_slopes():
    weights = weights_of(deployment(shift=("Succeeded", 300.0, 600.0)), CANARY, NOW)

    path = weights.path(100, 900, 800, 100)

    assert path == (
        "M0 100L0.00 100.00L200.00 100.00L200.00 90.00L500.00 90.00L500.00 0.00L800.00 0.00L800 100z"
    )


def test_a_deployment_of_no_length_can_be_drawn():
    weights = weights_of(deployment("Stopped", 100.0), CANARY, NOW)

    assert "nan" not in weights.path(100, 100, 600, 80)
    assert deployment("Stopped", 100.0).axis_end_s(NOW) > 100


def test_weights_in_words_have_their_times():
    assert Weights((Weight(100, 0), Weight(104.26, 10)), "").words() == "0 % after 0 s, 10 % after 4.3 s"
