"""GetPipelineState."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return each stage with the last execution that entered it and those that wait for it."""
    shapes.require_pipeline(parts, request["name"])
    stages, executions = parts.architecture.pipeline["Stages"], parts.executions.all()
    return {
        "pipelineName": request["name"],
        "pipelineVersion": 1,
        "stageStates": [shapes.stage_state(stage, executions) for stage in stages],
    }
