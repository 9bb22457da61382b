"""GetDeploymentConfig."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], _: Parts) -> dict[str, Any]:
    """Return how a deployment configuration shifts traffic."""
    return {"deploymentConfigInfo": shapes.deployment_config(request["deploymentConfigName"])}
