"""ListApplications."""

from typing import Any

from local.pipeline.runner import Runner


def answer(_: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """The one application."""
    return {"applications": [runner.architecture.application]}
