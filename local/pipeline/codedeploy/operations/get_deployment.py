"""GetDeployment."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return a deployment."""
    return {"deploymentInfo": shapes.deployment_info(parts.deployments.get(request["deploymentId"]))}
