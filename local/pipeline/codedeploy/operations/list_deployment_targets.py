"""ListDeploymentTargets."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the target ids of a deployment; an ECS deployment has one target."""
    deployment = parts.deployments.get(request.get("deploymentId") or "")
    return {"targetIds": [shapes.target_id(parts, deployment)]}
