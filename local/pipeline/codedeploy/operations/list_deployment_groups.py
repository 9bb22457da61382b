"""ListDeploymentGroups."""

from typing import Any

from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the names of an application's deployment groups."""
    name = request["applicationName"]
    parts.deployments.require_application(name)
    return {"applicationName": name, "deploymentGroups": list(parts.architecture.groups)}
