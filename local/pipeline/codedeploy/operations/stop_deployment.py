"""StopDeployment."""

from typing import Any

from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Stop, and roll back as the deployment group says."""
    status = parts.deployments.stop(request["deploymentId"])
    words = {"Pending": "The deployment is being stopped", "Succeeded": "The deployment ends by itself"}
    return {"status": status, "statusMessage": words[status]}
