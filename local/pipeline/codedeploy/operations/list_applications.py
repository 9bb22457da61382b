"""ListApplications."""

from typing import Any

from local.pipeline.codedeploy.operations._parts import Parts


def answer(_: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the name of the only application."""
    return {"applications": [parts.architecture.application]}
