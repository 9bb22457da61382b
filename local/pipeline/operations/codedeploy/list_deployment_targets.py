"""ListDeploymentTargets."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """An ECS deployment has one target, cluster:service."""
    deployment = runner.deployments.one(request.get("deploymentId") or "")
    return {"targetIds": [shapes.target_id(runner, deployment)]}
