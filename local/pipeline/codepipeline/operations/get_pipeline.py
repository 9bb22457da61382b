"""GetPipeline."""

from typing import Any

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the pipeline of the templates."""
    shapes.require_pipeline(parts, request["name"])
    return {"pipeline": shapes.pipeline_declaration(parts.architecture.pipeline)}
