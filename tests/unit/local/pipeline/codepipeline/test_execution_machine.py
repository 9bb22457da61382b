import json

import cattrs
import pytest

from local.pipeline.architecture import read
from local.pipeline.codepipeline.execution_machine import (
    Action,
    EffectKind,
    Execution,
    Result,
    Stage,
    advance,
    pending_stages,
)


def new_execution():
    return Execution(
        pipeline="lantern",
        stages=pending_stages(read({"Approval": "yes"}).pipeline),
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
    execution = new_execution()

    assert {stage.status for stage in execution.stages} == {"Pending"}
    assert (execution.status, execution.stage) == ("InProgress", 0)
    deploys = [
        action for stage in execution.stages for action in stage.actions if action.category == "Deploy"
    ]
    assert [(action.name, action.run_order) for action in deploys] == [
        ("catalog", 1),
        ("orders", 2),
        ("storefront", 3),
    ]
    build = next(
        action for stage in execution.stages for action in stage.actions if action.category == "Build"
    )
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
def test_a_stages_status_follows_from_its_actions(statuses, status):
    assert stage(*statuses).status == status


def test_an_execution_is_in_the_first_stage_that_has_not_succeeded():
    execution = new_execution()
    for action in execution.stages[0].actions:
        action.status = "Succeeded"

    assert execution.stage == 1


def test_an_execution_whose_stages_have_succeeded_has_no_next_stage():
    execution = new_execution()
    for action in (action for stage in execution.stages for action in stage.actions):
        action.status = "Succeeded"

    assert execution.stage == len(execution.stages)
    assert execution.next is None


def test_an_execution_comes_back_from_the_journal_as_it_was():
    execution = new_execution()
    execution.stages[0].actions[0].status = "Succeeded"
    execution.stages[0].actions[0].progress.append("phase BUILD")
    execution.variables["Source"] = {"CommitId": "0123"}

    document = json.loads(json.dumps(cattrs.unstructure(execution)))
    assert cattrs.structure(document, Execution) == execution


def test_an_action_begins_is_followed_and_ends():
    execution = new_execution()

    begun = advance(execution, {}, 1.0)
    source = execution.stages[0].actions[0]
    source.id, source.namespace = "a-1", "Source"
    running = advance(execution, {}, 2.0)
    succeeded = Result(
        status="Succeeded", external_id="0123", artifacts={"source": "key"}, variables={"A": "b"}
    )
    ended = advance(execution, {"a-1": succeeded}, 3.0)

    assert [(effect.kind, effect.state) for effect in begun] == [
        (EffectKind.ANNOUNCE, "STARTED"),
        (EffectKind.BEGIN, ""),
        (EffectKind.ANNOUNCE, "STARTED"),
    ]
    assert running == []
    assert [(effect.kind, effect.state) for effect in ended] == [
        (EffectKind.ANNOUNCE, "SUCCEEDED"),
        (EffectKind.ANNOUNCE, "SUCCEEDED"),
    ]
    assert (source.started, source.ended, source.external_id) == (1.0, 3.0, "0123")
    assert execution.artifacts == {"source": "key"}
    assert execution.variables == {"Source": {"A": "b"}}


def test_an_action_that_has_to_begin_again_does_so_at_once():
    execution = new_execution()
    advance(execution, {}, 1.0)
    execution.stages[0].actions[0].id = "of-an-earlier-runner"

    effects = advance(execution, {"of-an-earlier-runner": Result(status="Pending")}, 2.0)

    assert EffectKind.BEGIN in [effect.kind for effect in effects]
