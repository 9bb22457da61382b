"""BatchGetDeployments."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Several deployments."""
    return {
        "deploymentsInfo": [
            shapes.deployment(runner.deployments.one(one)) for one in request["deploymentIds"]
        ]
    }
