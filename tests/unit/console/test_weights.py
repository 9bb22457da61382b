"""Green's share of production, worked out of a configuration and the times of lifecycle events."""

import pytest

from console.deployment import Deployment, Event, TaskSet
from console.weights import Routing, Share, shares, words

CANARY = Routing("TimeBasedCanary", 10, 5)
LINEAR = Routing("TimeBasedLinear", 25, 1)
EVERYTHING = Routing()
NOW = 1_000.0


def deployment(status="Succeeded", ended=900.0, shift=None, green=None, **more):
    """One that began at 100 and, if it did, let traffic through as `shift` says: (status, start, end)."""
    events = (Event("Install", "Succeeded", 100.0, 200.0),)
    if shift:
        events += (Event("AllowTraffic", *shift),)
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
    values |= dict.fromkeys((*texts, "rollback_message", "task_definition"), "") | more
    return Deployment(**values)


def steps(one, routing):
    return [(step.at_s, step.percent) for step in shares(one, routing, NOW).steps]


def test_a_canary_has_its_share_until_traffic_is_allowed_wholly():
    one = deployment(shift=("Succeeded", 300.0, 600.0))

    assert steps(one, CANARY) == [(100, 0), (300, 10), (600, 100)]


def test_a_canary_that_fails_gives_production_back_at_once():
    one = deployment("Stopped", 450.0, ("Failed", 300.0, 450.0))

    assert steps(one, CANARY) == [(100, 0), (300, 10), (450, 0)]
    assert "back to nought where the deployment failed" in shares(one, CANARY, NOW).how


def test_a_failure_after_the_shift_gives_production_back_where_the_deployment_ended():
    one = deployment("Failed", 800.0, ("Succeeded", 300.0, 600.0))

    assert steps(one, CANARY) == [(100, 0), (300, 10), (600, 100), (800, 0)]


def test_linear_steps_are_spread_over_the_time_that_the_shift_took():
    one = deployment(shift=("Succeeded", 300.0, 600.0))

    assert steps(one, LINEAR) == [(100, 0), (300, 25), (400, 50), (500, 75), (600, 100)]


def test_linear_steps_that_do_not_divide_a_hundred_end_there():
    one = deployment(shift=("Succeeded", 300.0, 600.0))

    assert steps(one, Routing("TimeBasedLinear", 40, 1)) == [(100, 0), (300, 40), (450, 80), (600, 100)]


def test_linear_steps_of_a_shift_that_failed_are_those_that_its_interval_allowed():
    one = deployment("Stopped", 400.0, ("Failed", 300.0, 400.0))

    assert steps(one, LINEAR) == [(100, 0), (300, 25), (360, 50), (400, 0)]


def test_linear_steps_of_a_running_rehearsal_reach_what_the_task_set_says():
    one = deployment("InProgress", None, ("InProgress", 990.0, None), green=75.0)

    found = steps(one, LINEAR)

    assert [percent for _, percent in found] == [0, 25, 50, 75]
    assert all(at <= NOW for at, _ in found)


def test_all_at_once_is_everything_from_the_start_of_the_event():
    one = deployment(shift=("Succeeded", 300.0, 300.0))

    assert steps(one, EVERYTHING) == [(100, 0), (300, 100)]


def test_a_running_canary_shows_its_share_and_what_the_task_set_says_beyond_it():
    early = deployment("InProgress", None, ("InProgress", 300.0, None), green=10.0)
    late = deployment("InProgress", None, ("InProgress", 300.0, None), green=100.0)

    assert steps(early, CANARY) == [(100, 0), (300, 10)]
    assert steps(late, CANARY) == [(100, 0), (300, 10), (NOW, 100)]


@pytest.mark.parametrize("shift", [None, ("Skipped", None, None), ("Pending", None, None)])
def test_a_deployment_that_was_stopped_before_traffic_leaves_production_to_blue(shift):
    one = deployment("Stopped", 250.0, shift)

    assert steps(one, CANARY) == [(100, 0)]
    assert "has not begun" in shares(one, CANARY, NOW).how


def test_a_rollback_has_production_from_its_start():
    one = deployment(shift=("Skipped", None, None), rolls_back="d-CANARY")

    assert steps(one, EVERYTHING) == [(100, 100)]


def test_the_page_says_how_it_was_worked_out():
    how = shares(deployment(shift=("Succeeded", 300.0, 600.0)), CANARY, NOW).how

    assert "canary: 10 % for 5 min, then all" in how
    assert "keeps no history" in how


def test_the_area_begins_and_ends_on_the_ground_and_steps_without_slopes():
    found = shares(deployment(shift=("Succeeded", 300.0, 600.0)), CANARY, NOW)

    path = found.path(100, 900, 800, 100)

    assert path == (
        "M0 100L0.00 100.00L200.00 100.00L200.00 90.00L500.00 90.00L500.00 0.00L800.00 0.00L800 100z"
    )


def test_a_deployment_of_no_length_can_be_drawn():
    found = shares(deployment("Stopped", 100.0), CANARY, NOW)

    assert "nan" not in found.path(100, 100, 600, 80)
    assert deployment("Stopped", 100.0).last_s(NOW) > 100


def test_shares_are_said_with_their_times():
    assert words([Share(100, 0), Share(104.26, 10)], 100) == "0 % after 0 s, 10 % after 4.3 s"
