"""The pipeline, its executions, stages and actions in the shapes of CodePipeline's API."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.pipeline.codepipeline.errors import PipelineNotFoundException
from local.pipeline.codepipeline.execution_machine import Action, Execution, Stage
from local.pipeline.codepipeline.operations._parts import Document, Parts
from local.pipeline.ecs.task_containers import camel_case

NOT_IN_API = ("Tags", "RestartExecutionOnUpdate")  # properties of CloudFormation's alone


def require_pipeline(parts: Parts, name: str) -> None:
    """Raise PipelineNotFoundException unless the pipeline has this name."""
    if name != parts.architecture.pipeline["Name"]:
        raise PipelineNotFoundException(f"The account has no pipeline with the name '{name}'")


def pipeline_declaration(pipeline: Mapping[str, Any]) -> Document:
    """Return the shape PipelineDeclaration from CloudFormation's properties.

    The keys of an action's configuration belong to its provider and keep their case.
    """
    stages = [
        camel_case(_without(stage, "Actions"))
        | {
            "actions": [
                camel_case(_without(action, "Configuration"))
                | {"configuration": action.get("Configuration", {})}
                for action in stage["Actions"]
            ],
        }
        for stage in pipeline["Stages"]
    ]
    return {**camel_case(_without(pipeline, "Stages", *NOT_IN_API)), "stages": stages, "version": 1}


def pipeline_execution(execution: Execution) -> Document:
    """Return the shape PipelineExecution."""
    return {
        "pipelineName": execution.pipeline,
        "pipelineVersion": 1,
        "artifactRevisions": [
            {
                "name": execution.stages[0].actions[0].outputs[0],
                "revisionId": execution.commit,
                "revisionSummary": execution.summary,
                "created": execution.authored,
            }
        ],
        "variables": [],
        **_common_members(execution),
    }


def pipeline_execution_summary(execution: Execution) -> Document:
    """Return the shape PipelineExecutionSummary."""
    return {
        "startTime": execution.created,
        "lastUpdateTime": execution.ended or _last_change(execution),
        "sourceRevisions": [
            {
                "actionName": execution.stages[0].actions[0].name,
                "revisionId": execution.commit,
                "revisionSummary": execution.summary,
            }
        ],
        "stopTrigger": {"reason": execution.stop_reason} if execution.stop_asked else None,
        **_common_members(execution),
    }


def stage_state(stage: Mapping[str, Any], executions: Sequence[Execution]) -> Document:
    """Return the shape StageState of a stage of the templates, from all executions, oldest first.

    An execution keeps the stages that it began with, so an older one may lack this one.
    """
    name = stage["Name"]
    visits = [
        (execution, visited)
        for execution in executions
        for visited in execution.stages
        if visited.name == name
    ]
    entered = [(execution, visited) for execution, visited in visits if visited.status != "Pending"]
    waiting = [
        execution
        for execution, visited in visits
        if execution.status == "InProgress" and execution.next is visited and visited.status == "Pending"
    ]
    state: Document = {
        "stageName": name,
        "inboundTransitionState": {"enabled": True},
        "inboundExecutions": [
            {"pipelineExecutionId": execution.id, "status": "InProgress", "type": "STANDARD"}
            for execution in waiting
        ],
        "actionStates": [{"actionName": action["Name"]} for action in stage["Actions"]],
    }
    if entered:
        execution, visited = entered[-1]
        state["latestExecution"] = {
            "pipelineExecutionId": execution.id,
            "status": _stage_status(execution, visited),
            "type": "STANDARD",
        }
        state["actionStates"] = [_action_state(action) for action in visited.actions]
    return state


def action_execution_detail(execution: Execution, stage: Stage, action: Action) -> Document:
    """Return the shape ActionExecutionDetail."""
    return {
        "pipelineExecutionId": execution.id,
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
            "outputVariables": execution.variables.get(action.namespace, {}),
            "executionResult": {
                "externalExecutionId": action.external_id or None,
                "externalExecutionSummary": action.summary or None,
                "errorDetails": _error_details(action),
            },
        },
    }


def _common_members(execution: Execution) -> Document:
    return {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "statusSummary": execution.stop_reason or None,
        "trigger": {"triggerType": execution.trigger_type, "triggerDetail": execution.trigger_detail},
        "executionMode": "QUEUED",
        "executionType": "STANDARD",
    }


def _action_state(action: Action) -> Document:
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
            "errorDetails": _error_details(action),
        },
    }


def _error_details(action: Action) -> dict[str, str] | None:
    return {"code": action.error_code, "message": action.error_message} if action.error_code else None


def _stage_status(execution: Execution, stage: Stage) -> str:
    if execution.status in ("Stopped", "Stopping") and stage.status == "InProgress":
        return execution.status
    return stage.status


def _last_change(execution: Execution) -> float:
    actions = (action for stage in execution.stages for action in stage.actions)
    times = (at for action in actions for at in (action.started, action.ended) if at)
    return max(times, default=execution.created)


def _without(properties: Mapping[str, Any], *keys: str) -> Document:
    return {key: value for key, value in properties.items() if key not in keys}
