"""GetDeploymentTarget."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Lifecycle events and task sets."""
    deployment = runner.deployments.one(request.get("deploymentId") or "")
    return {"deploymentTarget": shapes.target(runner, deployment, request.get("targetId") or "")}
