"""GetPipeline."""

from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return the pipeline of the templates."""
    shapes.require_pipeline(parts, request["name"])
    return {"pipeline": shapes.pipeline_declaration(parts.architecture.pipeline)}
