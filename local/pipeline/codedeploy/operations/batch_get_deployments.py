"""BatchGetDeployments."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Several deployments."""
    return {
        "deploymentsInfo": [shapes.deployment(parts.deployments.one(one)) for one in request["deploymentIds"]]
    }
