"""ListActionExecutions."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts
from local.pipeline.paging import page_of


def answer(request: Document, parts: Parts) -> Document:
    """Return the actions of one execution, or of all, the newest first."""
    shapes.require_pipeline(parts, request["pipelineName"])
    execution_id = (request.get("filter") or {}).get("pipelineExecutionId")
    details = [
        shapes.action_execution_detail(execution, stage, action)
        for execution in reversed(parts.executions.all())
        if execution_id in (None, execution.id)
        for stage in reversed(execution.stages)
        for action in stage.actions
        if action.id and action.status != "Pending"  # after a restart an action may begin again
    ]
    page, token = page_of(details, request.get("maxResults") or 100, request.get("nextToken"))
    return {"actionExecutionDetails": page, "nextToken": token}
