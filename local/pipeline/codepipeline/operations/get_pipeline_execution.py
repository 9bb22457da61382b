"""GetPipelineExecution."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return an execution."""
    shapes.require_pipeline(parts, request["pipelineName"])
    execution = parts.executions.get(request["pipelineExecutionId"])
    return {"pipelineExecution": shapes.pipeline_execution(execution)}
