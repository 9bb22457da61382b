"""ListApplications."""

from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(_: Document, parts: Parts) -> Document:
    """Return the name of the only application."""
    return {"applications": [parts.architecture.application]}
