"""ListPipelines."""

from typing import Any

from local.pipeline.codepipeline.operations._parts import Parts


def answer(_: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the only pipeline."""
    pipeline = parts.architecture.pipeline
    return {"pipelines": [{"name": pipeline["Name"], "version": 1, "pipelineType": pipeline["PipelineType"]}]}
