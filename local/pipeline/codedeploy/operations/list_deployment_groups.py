"""ListDeploymentGroups."""

from typing import Any

from local.pipeline.codedeploy.errors import ApplicationDoesNotExistException
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """The application's deployment groups."""
    name = request["applicationName"]
    if name != parts.architecture.application:
        raise ApplicationDoesNotExistException(f"No application found for name: {name}")
    return {"applicationName": name, "deploymentGroups": list(parts.architecture.groups)}
