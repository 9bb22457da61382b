"""ListDeploymentTargets."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return the target ids of a deployment; an ECS deployment has one target."""
    deployment = parts.deployments.get(request.get("deploymentId") or "")
    return {"targetIds": [shapes.target_id(parts, deployment)]}
