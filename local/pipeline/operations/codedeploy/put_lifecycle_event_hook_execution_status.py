"""PutLifecycleEventHookExecutionStatus."""

from typing import Any

from local.pipeline.errors import InvalidLifecycleEventHookExecutionStatusException
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """What a hook's function found."""
    key, status = request.get("lifecycleEventHookExecutionId") or "", request.get("status")
    if status not in ("Succeeded", "Failed"):
        raise InvalidLifecycleEventHookExecutionStatusException(
            f"status {status!r}: expected Succeeded or Failed"
        )
    runner.deployments.answer(request.get("deploymentId") or "", key, status)
    return {"lifecycleEventHookExecutionId": key}
