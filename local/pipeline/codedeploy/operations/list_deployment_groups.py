"""ListDeploymentGroups."""

from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return the names of an application's deployment groups."""
    name = request["applicationName"]
    parts.deployments.require_application(name)
    return {"applicationName": name, "deploymentGroups": list(parts.architecture.groups)}
