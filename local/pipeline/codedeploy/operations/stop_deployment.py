"""StopDeployment."""

from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Stop a deployment; it is rolled back as its deployment group says."""
    status = parts.deployments.stop(request["deploymentId"])
    messages = {"Pending": "The deployment is being stopped", "Succeeded": "The deployment ends by itself"}
    return {"status": status, "statusMessage": messages[status]}
