"""GetDeploymentTarget."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return a target of a deployment with its lifecycle events and task sets."""
    deployment = parts.deployments.get(request.get("deploymentId") or "")
    target = shapes.deployment_target(parts, deployment, request.get("targetId") or "")
    return {"deploymentTarget": target}
