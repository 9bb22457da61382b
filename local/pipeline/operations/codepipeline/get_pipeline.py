"""GetPipeline."""

from typing import Any

from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """The pipeline of the templates."""
    shapes.require_pipeline(runner, request["name"])
    return {"pipeline": shapes.declaration(runner.architecture.pipeline)}
