"""GetDeployment."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return a deployment."""
    return {"deploymentInfo": shapes.deployment_info(parts.deployments.get(request["deploymentId"]))}
