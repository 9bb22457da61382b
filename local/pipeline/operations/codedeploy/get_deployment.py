"""GetDeployment."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """One deployment."""
    return {"deploymentInfo": shapes.deployment(runner.deployments.one(request["deploymentId"]))}
