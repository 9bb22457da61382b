"""ListPipelineExecutions."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts
from local.pipeline.paging import page_of


def answer(request: Document, parts: Parts) -> Document:
    """Return executions, the newest first."""
    shapes.require_pipeline(parts, request["pipelineName"])
    newest_first = list(reversed(parts.executions.all()))
    page, token = page_of(newest_first, request.get("maxResults") or 100, request.get("nextToken"))
    summaries = [shapes.pipeline_execution_summary(execution) for execution in page]
    return {"pipelineExecutionSummaries": summaries, "nextToken": token}
