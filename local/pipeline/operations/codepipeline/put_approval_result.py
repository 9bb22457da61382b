"""PutApprovalResult."""

from typing import Any

from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Approve or reject what waits."""
    shapes.require_pipeline(runner, request["pipelineName"])
    result = request["result"]
    at = runner.executions.approve(
        request["stageName"], request["actionName"], request["token"], result["status"], result["summary"]
    )
    return {"approvedAt": at}
