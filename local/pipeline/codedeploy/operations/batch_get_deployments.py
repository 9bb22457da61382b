"""BatchGetDeployments."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return several deployments."""
    deployments = (parts.deployments.get(key) for key in request["deploymentIds"])
    return {"deploymentsInfo": [shapes.deployment_info(deployment) for deployment in deployments]}
