"""A deployment as CodeDeploy answers it: both sides' target groups and the task definition."""

import pytest

from console.pipeline.deployments import deployment_of, with_target

PAIR = ["orders-blue", "orders-green"]


def task_set(label, target_group):
    return {"taskSetLabel": label, "targetGroup": {"name": target_group}, "trafficWeight": 50.0}


def deployment(*task_sets, **info):
    target = {"ecsTarget": {"taskSetsInfo": list(task_sets)}}
    return with_target(deployment_of({"deploymentId": "d-1", **info}), target)


def test_both_sides_have_the_target_groups_of_their_task_sets():
    answered = deployment(task_set("Blue", "orders-green"), task_set("Green", "orders-blue"))

    assert answered.target_groups(PAIR) == {"blue": "orders-green", "green": "orders-blue"}


@pytest.mark.parametrize(("label", "opposite"), [("Green", "blue"), ("Blue", "green")])
def test_a_task_set_that_is_gone_had_the_other_target_group(label, opposite):
    answered = deployment(task_set(label, "orders-green"))

    assert answered.target_groups(PAIR) == {label.lower(): "orders-green", opposite: "orders-blue"}


def test_without_task_sets_no_side_has_a_target_group():
    assert deployment().target_groups(PAIR) == {}


@pytest.mark.parametrize(
    "content",
    [
        "# TaskDefinition: arn:aws:ecs:no\nResources:\n  - T:\n      TaskDefinition: arn:aws:ecs:x:1:y/z:2\n",
        '{"Resources":[{"T":{"Properties":{"TaskDefinition":"arn:aws:ecs:x:1:y/z:2","LoadBalancerInfo":{}}}}]}',
    ],
)
def test_the_task_definition_is_read_from_the_app_spec(content):
    answered = deployment_of({"revision": {"appSpecContent": {"content": content}}})

    assert answered.task_definition == "arn:aws:ecs:x:1:y/z:2"


def test_an_answer_without_fields_is_a_deployment_without_values():
    answered = with_target(deployment_of({}), {})

    assert (answered.events, answered.task_sets, answered.took_s, answered.task_definition) == (
        (),
        (),
        None,
        "",
    )
