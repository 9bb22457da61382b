"""PutApprovalResult."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Approve or reject an approval that waits."""
    shapes.require_pipeline(parts, request["pipelineName"])
    approved_at = parts.executions.approve(
        stage=request["stageName"],
        action=request["actionName"],
        token=request["token"],
        status=request["result"]["status"],
        summary=request["result"]["summary"],
    )
    return {"approvedAt": approved_at}
