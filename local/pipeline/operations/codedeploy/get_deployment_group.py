"""GetDeploymentGroup."""

from typing import Any

from local.pipeline.operations.codedeploy import _shapes as shapes
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """One deployment group of the templates."""
    group = runner.deployments.group(request["applicationName"], request["deploymentGroupName"])
    return {"deploymentGroupInfo": shapes.group(runner, group)}
