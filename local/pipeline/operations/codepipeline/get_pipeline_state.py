"""GetPipelineState."""

from typing import Any

from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Each stage with its latest execution."""
    shapes.require_pipeline(runner, request["name"])
    executions = runner.executions.all()
    return {
        "pipelineName": request["name"],
        "pipelineVersion": 1,
        "stageStates": [
            shapes.stage_state(stage, executions) for stage in runner.architecture.pipeline["Stages"]
        ],
    }
