"""ListDeploymentTargets."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """An ECS deployment has one target, cluster:service."""
    deployment = parts.deployments.one(request.get("deploymentId") or "")
    return {"targetIds": [shapes.target_id(parts, deployment)]}
