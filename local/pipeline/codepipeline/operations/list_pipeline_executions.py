"""ListPipelineExecutions."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts
from local.pipeline.paging import paged


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Executions, the newest first."""
    shapes.require_pipeline(parts, request["pipelineName"])
    newest_first = list(reversed(parts.executions.all()))
    page, token = paged(newest_first, request.get("maxResults") or 100, request.get("nextToken"))
    return {"pipelineExecutionSummaries": [shapes.summary(one) for one in page], "nextToken": token}
