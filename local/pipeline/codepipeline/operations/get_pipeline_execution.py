"""GetPipelineExecution."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """One execution."""
    shapes.require_pipeline(parts, request["pipelineName"])
    execution = parts.executions.one(request["pipelineExecutionId"])
    return {"pipelineExecution": shapes.execution(execution)}
