"""Executions, stages and actions as CodePipeline's API shows them."""

from typing import Any

from local.pipeline.codepipeline.errors import PipelineNotFoundException
from local.pipeline.codepipeline.execution_machine import Action, Execution, Stage
from local.pipeline.codepipeline.operations._parts import Parts
from local.pipeline.ecs.task_containers import camel

CLOUDFORMATIONS_OWN = ("Tags", "RestartExecutionOnUpdate", "Stages")  # stages are shown apart


def require_pipeline(parts: Parts, name: str) -> None:
    """Raises PipelineNotFoundException."""
    if name != parts.architecture.pipeline["Name"]:
        raise PipelineNotFoundException(f"The account has no pipeline with the name '{name}'")


def declaration(pipeline: dict[str, Any]) -> dict[str, Any]:
    """The pipeline's structure; names of a configuration's keys are the provider's, not the API's."""
    shown: dict[str, Any] = camel(
        {key: value for key, value in pipeline.items() if key not in CLOUDFORMATIONS_OWN}
    )
    shown["stages"] = [
        camel({key: value for key, value in stage.items() if key != "Actions"})
        | {
            "actions": [
                camel({key: value for key, value in action.items() if key != "Configuration"})
                | {"configuration": action.get("Configuration", {})}
                for action in stage["Actions"]
            ],
        }
        for stage in pipeline["Stages"]
    ]
    return shown | {"version": 1}


def execution(one: Execution) -> dict[str, Any]:
    """GetPipelineExecution's shape."""
    return {
        "pipelineName": one.pipeline,
        "pipelineVersion": 1,
        "pipelineExecutionId": one.id,
        "status": one.status,
        "statusSummary": one.stop_reason or None,
        "artifactRevisions": [
            {
                "name": one.stages[0].actions[0].outputs[0],
                "revisionId": one.commit,
                "revisionSummary": one.summary,
                "created": one.authored,
            }
        ],
        "variables": [],
        "trigger": {"triggerType": one.trigger_type, "triggerDetail": one.trigger_detail},
        "executionMode": "QUEUED",
        "executionType": "STANDARD",
    }


def summary(one: Execution) -> dict[str, Any]:
    """ListPipelineExecutions' shape."""
    action = one.stages[0].actions[0]
    shown = execution(one)
    return {
        key: shown[key]
        for key in (
            "pipelineExecutionId",
            "status",
            "statusSummary",
            "trigger",
            "executionMode",
            "executionType",
        )
    } | {
        "startTime": one.created,
        "lastUpdateTime": one.ended or _latest(one),
        "sourceRevisions": [
            {"actionName": action.name, "revisionId": one.commit, "revisionSummary": one.summary}
        ],
        "stopTrigger": {"reason": one.stop_reason} if one.stop_asked else None,
    }


def stage_state(stage: dict[str, Any], executions: list[Execution]) -> dict[str, Any]:
    """GetPipelineState's: the newest execution that came so far, and those that wait to enter.

    An execution keeps the stages that it began with, so an older one may lack this one."""
    name = stage["Name"]
    here = [(one, part) for one in executions for part in one.stages if part.name == name]
    inside = [(one, part) for one, part in here if part.status != "Pending"]
    waiting = [
        one
        for one, part in here
        if one.status == "InProgress" and one.next is part and part.status == "Pending"
    ]
    state: dict[str, Any] = {
        "stageName": name,
        "inboundTransitionState": {"enabled": True},
        "inboundExecutions": [
            {"pipelineExecutionId": one.id, "status": "InProgress", "type": "STANDARD"} for one in waiting
        ],
        "actionStates": [{"actionName": action["Name"]} for action in stage["Actions"]],
    }
    if inside:
        latest, part = inside[-1]
        state["latestExecution"] = {
            "pipelineExecutionId": latest.id,
            "status": _status(latest, part),
            "type": "STANDARD",
        }
        state["actionStates"] = [_action_state(action) for action in part.actions]
    return state


def action_detail(one: Execution, stage: Stage, action: Action) -> dict[str, Any]:
    """ListActionExecutions' shape."""
    return {
        "pipelineExecutionId": one.id,
        "actionExecutionId": action.id,
        "pipelineVersion": 1,
        "stageName": stage.name,
        "actionName": action.name,
        "startTime": action.started,
        "lastUpdateTime": action.ended or action.started,
        "status": action.status,
        "input": {
            "actionTypeId": {
                "category": action.category,
                "owner": "AWS",
                "provider": action.provider,
                "version": "1",
            },
            "configuration": action.configuration,
            "namespace": action.namespace or None,
            "inputArtifacts": [{"name": name} for name in action.inputs],
        },
        "output": {
            "outputArtifacts": [{"name": name} for name in action.outputs],
            "outputVariables": one.variables.get(action.namespace, {}),
            "executionResult": {
                "externalExecutionId": action.external_id or None,
                "externalExecutionSummary": action.summary or None,
                "errorDetails": _error(action),
            },
        },
    }


def _action_state(action: Action) -> dict[str, Any]:
    if action.status == "Pending":
        return {"actionName": action.name}
    return {
        "actionName": action.name,
        "latestExecution": {
            "actionExecutionId": action.id,
            "status": action.status,
            "summary": action.summary or None,
            "lastStatusChange": action.ended or action.started,
            "token": action.token if action.token and action.status == "InProgress" else None,
            "externalExecutionId": action.external_id or None,
            "errorDetails": _error(action),
        },
    }


def _error(action: Action) -> dict[str, str] | None:
    return {"code": action.error_code, "message": action.error_message} if action.error_code else None


def _status(one: Execution, stage: Stage) -> str:
    if one.status in ("Stopped", "Stopping") and stage.status == "InProgress":
        return one.status
    return stage.status


def _latest(one: Execution) -> float:
    times = [
        at for stage in one.stages for action in stage.actions for at in (action.started, action.ended) if at
    ]
    return max(times, default=one.created)
