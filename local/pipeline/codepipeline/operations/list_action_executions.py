"""ListActionExecutions."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts
from local.pipeline.paging import paged


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Actions, the newest first."""
    shapes.require_pipeline(parts, request["pipelineName"])
    only = (request.get("filter") or {}).get("pipelineExecutionId")
    details = [
        shapes.action_detail(execution, stage, action)
        for execution in reversed(parts.executions.all())
        if only in (None, execution.id)
        for stage in reversed(execution.stages)
        for action in stage.actions
        if action.id and action.status != "Pending"  # one that begins again after a restart
    ]
    page, token = paged(details, request.get("maxResults") or 100, request.get("nextToken"))
    return {"actionExecutionDetails": page, "nextToken": token}
