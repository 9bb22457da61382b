"""ListPipelines."""

from typing import Any

from local.pipeline.runner import Runner


def answer(_: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """The one pipeline."""
    pipeline = runner.architecture.pipeline
    return {"pipelines": [{"name": pipeline["Name"], "version": 1, "pipelineType": pipeline["PipelineType"]}]}
