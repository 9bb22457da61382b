"""StartPipelineExecution."""

from typing import Any

from local.awsapi.errors import ValidationException
from local.pipeline.operations.codepipeline import _shapes as shapes
from local.pipeline.repository import RepositoryError
from local.pipeline.runner import Runner


def answer(request: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Begin an execution; a source revision of type COMMIT_ID chooses the commit."""
    shapes.require_pipeline(runner, request["name"])
    revisions = request.get("sourceRevisions") or []
    for one in revisions:
        if one["revisionType"] != "COMMIT_ID":
            raise ValidationException(
                f"revisionType {one['revisionType']}: a commit's source takes COMMIT_ID"
            )
    commit = revisions[0]["revisionValue"] if revisions else ""
    try:
        execution = runner.executions.start(commit)
    except RepositoryError as error:
        raise ValidationException(str(error)) from None
    return {"pipelineExecutionId": execution.id}
