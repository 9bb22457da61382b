"""BatchGetDeploymentTargets."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return targets of a deployment with their lifecycle events and task sets; without ids, all of them."""
    deployment = parts.deployments.get(request.get("deploymentId") or "")
    target_ids = request.get("targetIds") or [shapes.target_id(parts, deployment)]
    return {"deploymentTargets": [shapes.deployment_target(parts, deployment, key) for key in target_ids]}
