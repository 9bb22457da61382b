"""GetDeploymentConfig."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], _: Runner) -> dict[str, Any]:
    """How a configuration shifts traffic."""
    return {"deploymentConfigInfo": shapes.config(request["deploymentConfigName"])}
