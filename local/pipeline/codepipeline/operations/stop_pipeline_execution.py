"""StopPipelineExecution."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Stop an execution after the actions that run, or abandon them."""
    shapes.require_pipeline(parts, request["pipelineName"])
    key = request["pipelineExecutionId"]
    parts.executions.stop(key, request.get("reason") or "", abandon=bool(request.get("abandon")))
    return {"pipelineExecutionId": key}
