"""ListPipelineExecutions."""

from typing import Any

from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.paging import paged
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Executions, the newest first."""
    shapes.require_pipeline(runner, request["pipelineName"])
    newest_first = list(reversed(runner.executions.all()))
    page, token = paged(newest_first, request.get("maxResults") or 100, request.get("nextToken"))
    return {"pipelineExecutionSummaries": [shapes.summary(one) for one in page], "nextToken": token}
