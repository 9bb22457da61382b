"""BatchGetDeploymentTargets."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Lifecycle events and task sets."""
    deployment = runner.deployments.one(request.get("deploymentId") or "")
    wanted = request.get("targetIds") or [shapes.target_id(runner, deployment)]
    return {"deploymentTargets": [shapes.target(runner, deployment, one) for one in wanted]}
