"""GetDeploymentConfig."""

from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, _: Parts) -> Document:
    """Return how a deployment configuration shifts traffic."""
    return {"deploymentConfigInfo": shapes.deployment_config(request["deploymentConfigName"])}
