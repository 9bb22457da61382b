"""GetDeploymentGroup."""

from typing import Any

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return a deployment group of the templates."""
    group = parts.deployments.group(request["applicationName"], request["deploymentGroupName"])
    return {"deploymentGroupInfo": shapes.deployment_group_info(parts, group)}
