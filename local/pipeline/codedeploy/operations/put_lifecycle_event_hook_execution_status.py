"""PutLifecycleEventHookExecutionStatus."""

from local.pipeline.codedeploy.errors import InvalidLifecycleEventHookExecutionStatusException
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Take the status that a lifecycle hook's function reports."""
    hook_id, status = request.get("lifecycleEventHookExecutionId") or "", request.get("status")
    if status not in ("Succeeded", "Failed"):
        raise InvalidLifecycleEventHookExecutionStatusException(
            f"status {status!r}: expected Succeeded or Failed"
        )
    parts.deployments.report_hook(request.get("deploymentId") or "", hook_id, status)
    return {"lifecycleEventHookExecutionId": hook_id}
