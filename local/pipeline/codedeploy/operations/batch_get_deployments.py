"""BatchGetDeployments."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Return several deployments."""
    deployments = (parts.deployments.get(key) for key in request["deploymentIds"])
    return {"deploymentsInfo": [shapes.deployment_info(deployment) for deployment in deployments]}
