"""A deployment as CodeDeploy answers it: both sides' target groups, task definition, AWS's own endpoints."""

import pytest

from console.aws import is_aws_own
from console.deployment import deployment_of, with_target
from console.series import Chart, Line, Measure
from console.target_groups import percent
from console.text import duration

PAIR = ["orders-blue", "orders-green"]


def task_set(label, target_group):
    return {"taskSetLabel": label, "targetGroup": {"name": target_group}, "trafficWeight": 50.0}


def deployment(*task_sets, **info):
    target = {"ecsTarget": {"taskSetsInfo": list(task_sets)}}
    return with_target(deployment_of({"deploymentId": "d-1", **info}), target)


def test_both_sides_have_the_target_groups_of_their_task_sets():
    one = deployment(task_set("Blue", "orders-green"), task_set("Green", "orders-blue"))

    assert one.target_groups(PAIR) == {"blue": "orders-green", "green": "orders-blue"}


@pytest.mark.parametrize(("label", "other"), [("Green", "blue"), ("Blue", "green")])
def test_a_task_set_that_is_gone_had_the_other_target_group(label, other):
    one = deployment(task_set(label, "orders-green"))

    assert one.target_groups(PAIR) == {label.lower(): "orders-green", other: "orders-blue"}


def test_without_task_sets_nobody_knows_whose_target_group_was_whose():
    assert deployment().target_groups(PAIR) == {}


@pytest.mark.parametrize(
    "content",
    [
        "# TaskDefinition: arn:aws:ecs:no\nResources:\n  - T:\n      TaskDefinition: arn:aws:ecs:x:1:y/z:2\n",
        '{"Resources":[{"T":{"Properties":{"TaskDefinition":"arn:aws:ecs:x:1:y/z:2","LoadBalancerInfo":{}}}}]}',
    ],
)
def test_the_task_definition_stands_in_the_app_spec(content):
    one = deployment_of({"revision": {"appSpecContent": {"content": content}}})

    assert one.task_definition == "arn:aws:ecs:x:1:y/z:2"


def test_missing_pieces_make_a_deployment_all_the_same():
    one = with_target(deployment_of({}), {})

    assert (one.events, one.task_sets, one.took_s, one.task_definition) == ((), (), None, "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://codedeploy.us-east-1.amazonaws.com", True),
        ("https://codedeploy.cn-north-1.amazonaws.com.cn", True),
        ("https://codedeploy.us-east-1.api.aws", True),
        ("http://127.0.0.1:4567", False),
        ("http://pipeline:4567", False),
        ("https://codedeploy.amazonaws.com.evil.example", False),
        ("https://amazonaws.com:443@127.0.0.1", False),
    ],
)
def test_only_aws_own_endpoints_are_aws(url, expected):
    assert is_aws_own(url) is expected


def test_failures_are_a_share_of_requests_and_nothing_where_nobody_asked():
    assert percent([(1, 10), (2, 0), (3, 4)], [(3, 1)]) == [(1, 0), (3, 25)]


def test_a_chart_breaks_where_points_of_its_own_period_are_missing():
    line = Line("blue", "", [(60, 1), (65, 1), (100, 1)])
    chart = Chart(Measure("Requests", "", ()), [line], 1, 60, 120, 5)

    assert chart.paths(line) == "M0.0 5.0h2M0.0 5.0L50.0 5.0M400.0 5.0h2M400.0 5.0"
    assert chart.dots(line) == "M0.0 5.0h0M50.0 5.0h0M400.0 5.0h0"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ""), (0, "0 s"), (4.26, "4.3 s"), (100, "1 min 40 s"), (300, "5 min"), (9000, "2 h 30 min")],
)
def test_durations_have_two_units_at_most(seconds, expected):
    assert duration(seconds) == expected
