import json

import pytest

from local.pipeline.architecture import read
from local.pipeline.codepipeline import execution_machine as machine
from local.pipeline.codepipeline.execution_machine import Action, Stage


def begun():
    return machine.begin(
        read({"Approval": "yes"}).pipeline,
        id="e-1",
        commit="0123456789" * 4,
        summary="Light the lamp",
        author="Ada",
        authored=1_800_000_000.0,
        trigger_type="StartPipelineExecution",
        trigger_detail="laptop",
        created=1_800_000_100.0,
        scale=60.0,
    )


def stage(*statuses):
    actions = [
        Action(
            name=f"action-{number}",
            category="Build",
            provider="CodeBuild",
            run_order=1,
            configuration={},
            inputs=[],
            outputs=[],
            status=status,
        )
        for number, status in enumerate(statuses)
    ]
    return Stage(name="Build", actions=actions)


def test_an_execution_begins_with_every_stage_of_the_templates_pending():
    one = begun()

    assert {stage.status for stage in one.stages} == {"Pending"}
    assert (one.status, one.stage) == ("InProgress", 0)
    deploys = [action for stage in one.stages for action in stage.actions if action.category == "Deploy"]
    assert [(action.name, action.run_order) for action in deploys] == [
        ("catalog", 1),
        ("orders", 2),
        ("storefront", 3),
    ]
    build = next(action for stage in one.stages for action in stage.actions if action.category == "Build")
    assert (build.inputs, build.outputs, build.namespace) == (
        ["source"],
        ["catalog"],
        "Build-catalog",
    )


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (("Pending", "Pending"), "Pending"),
        (("InProgress", "Pending"), "InProgress"),
        (("Succeeded", "Pending"), "InProgress"),
        (("Succeeded", "Succeeded"), "Succeeded"),
        (("Failed", "InProgress"), "InProgress"),
        (("Failed", "Pending"), "Failed"),
        (("Failed", "Succeeded"), "Failed"),
        (("Abandoned", "Succeeded"), "InProgress"),
    ],
)
def test_a_stage_is_as_its_actions_are(statuses, status):
    assert stage(*statuses).status == status


def test_an_execution_stands_at_the_first_stage_that_is_not_through():
    one = begun()
    for action in one.stages[0].actions:
        action.status = "Succeeded"

    assert one.stage == 1


def test_an_execution_that_is_through_stands_behind_its_last_stage():
    one = begun()
    for action in (action for stage in one.stages for action in stage.actions):
        action.status = "Succeeded"

    assert one.stage == len(one.stages)


def test_an_execution_comes_back_from_the_journal_as_it_was():
    one = begun()
    one.stages[0].actions[0].status = "Succeeded"
    one.stages[0].actions[0].progress.append("phase BUILD")
    one.variables["Source"] = {"CommitId": "0123"}

    assert machine.from_document(json.loads(json.dumps(machine.as_document(one)))) == one
