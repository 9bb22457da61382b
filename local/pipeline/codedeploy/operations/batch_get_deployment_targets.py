"""BatchGetDeploymentTargets."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Lifecycle events and task sets."""
    deployment = parts.deployments.one(request.get("deploymentId") or "")
    wanted = request.get("targetIds") or [shapes.target_id(parts, deployment)]
    return {"deploymentTargets": [shapes.target(parts, deployment, one) for one in wanted]}
