"""GetPipelineExecution."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return an execution."""
    shapes.require_pipeline(parts, request["pipelineName"])
    execution = parts.executions.get(request["pipelineExecutionId"])
    return {"pipelineExecution": shapes.pipeline_execution(execution)}
