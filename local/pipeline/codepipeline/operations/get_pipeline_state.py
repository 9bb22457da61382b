"""GetPipelineState."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Each stage with its latest execution."""
    shapes.require_pipeline(parts, request["name"])
    executions = parts.executions.all()
    return {
        "pipelineName": request["name"],
        "pipelineVersion": 1,
        "stageStates": [
            shapes.stage_state(stage, executions) for stage in parts.architecture.pipeline["Stages"]
        ],
    }
