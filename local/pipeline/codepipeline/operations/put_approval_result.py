"""PutApprovalResult."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
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
