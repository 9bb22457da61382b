"""GetDeploymentGroup."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return a deployment group of the templates."""
    group = parts.deployments.group(request["applicationName"], request["deploymentGroupName"])
    return {"deploymentGroupInfo": shapes.deployment_group_info(parts, group)}
