"""GetPipelineExecution."""

from typing import Any

from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """One execution."""
    shapes.require_pipeline(runner, request["pipelineName"])
    execution = runner.executions.one(request["pipelineExecutionId"])
    return {"pipelineExecution": shapes.execution(execution)}
