"""StopDeployment."""

from typing import Any

from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Stop, and roll back as the deployment group says."""
    status = runner.deployments.stop(request["deploymentId"])
    words = {"Pending": "The deployment is being stopped", "Succeeded": "The deployment ends by itself"}
    return {"status": status, "statusMessage": words[status]}
