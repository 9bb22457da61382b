"""The EventBridge events of an execution, its stages and its actions, as CodePipeline sends them."""

from typing import Any

from local.awsapi.account import REGION
from local.pipeline import eventbridge
from local.pipeline.codepipeline.execution_machine import Action, Execution, Stage
from local.pipeline.identifiers import arn


def state_change(
    execution: Execution, stage: Stage | None, action: Action | None, state: str, at: float
) -> dict[str, Any]:
    """Return the event of a state change at a time (epoch seconds).

    It is the action's; without an action the stage's, and without both the execution's.
    """
    detail = {"pipeline": execution.pipeline, "execution-id": execution.id, "state": state, "version": 1.0}
    detail_type = eventbridge.EXECUTION
    if stage:
        detail_type = eventbridge.STAGE
        detail |= {"stage": stage.name}
    elif state == "STARTED":
        detail["execution-trigger"] = {
            "trigger-type": execution.trigger_type,
            "trigger-detail": execution.trigger_detail,
        }
    elif state == "STOPPING" and execution.stop_reason:
        detail["stop-execution-comments"] = execution.stop_reason
    if action:
        detail_type = eventbridge.ACTION
        detail |= _action_detail(action, state)
    resource = arn("codepipeline", execution.pipeline)
    return eventbridge.envelope("aws.codepipeline", detail_type, resource, detail, at, execution.scale)


def _action_detail(action: Action, state: str) -> dict[str, Any]:
    detail = {
        "action": action.name,
        "action-execution-id": action.id,
        "type": {"owner": "AWS", "category": action.category, "provider": action.provider, "version": "1"},
    }
    if state == "STARTED":
        return detail
    result = {
        "external-execution-id": action.external_id,
        "external-execution-summary": action.summary,
    } | ({"error-code": action.error_code} if action.error_code else {})
    return detail | {"region": REGION, "execution-result": result}
