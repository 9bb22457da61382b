"""ListPipelines."""

from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(_: Document, parts: Parts) -> Document:
    """Return the only pipeline."""
    pipeline = parts.architecture.pipeline
    return {"pipelines": [{"name": pipeline["Name"], "version": 1, "pipelineType": pipeline["PipelineType"]}]}
