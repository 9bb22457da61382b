"""StopPipelineExecution."""

from typing import Any

from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Stop after the actions that work now, or abandon them."""
    shapes.require_pipeline(runner, request["pipelineName"])
    key = request["pipelineExecutionId"]
    runner.executions.stop(key, request.get("reason") or "", abandon=bool(request.get("abandon")))
    return {"pipelineExecutionId": key}
