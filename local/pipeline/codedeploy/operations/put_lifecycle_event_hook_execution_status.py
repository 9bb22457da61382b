"""PutLifecycleEventHookExecutionStatus."""

from typing import Any

from local.pipeline.codedeploy.errors import InvalidLifecycleEventHookExecutionStatusException
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """What a hook's function found."""
    key, status = request.get("lifecycleEventHookExecutionId") or "", request.get("status")
    if status not in ("Succeeded", "Failed"):
        raise InvalidLifecycleEventHookExecutionStatusException(
            f"status {status!r}: expected Succeeded or Failed"
        )
    parts.deployments.answer(request.get("deploymentId") or "", key, status)
    return {"lifecycleEventHookExecutionId": key}
