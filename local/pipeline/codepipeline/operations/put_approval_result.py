"""PutApprovalResult."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Approve or reject what waits."""
    shapes.require_pipeline(parts, request["pipelineName"])
    result = request["result"]
    at = parts.executions.approve(
        request["stageName"], request["actionName"], request["token"], result["status"], result["summary"]
    )
    return {"approvedAt": at}
