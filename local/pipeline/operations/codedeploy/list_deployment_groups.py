"""ListDeploymentGroups."""

from typing import Any

from local.pipeline.errors import ApplicationDoesNotExistException
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """The application's deployment groups."""
    name = request["applicationName"]
    if name != runner.architecture.application:
        raise ApplicationDoesNotExistException(f"No application found for name: {name}")
    return {"applicationName": name, "deploymentGroups": list(runner.architecture.groups)}
