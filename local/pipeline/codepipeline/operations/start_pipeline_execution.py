"""StartPipelineExecution."""

from typing import Any

from local.awsapi.errors import ValidationException
from local.pipeline.codecommit.repository import RepositoryError
from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Begin an execution; a source revision of type COMMIT_ID chooses the commit."""
    shapes.require_pipeline(parts, request["name"])
    revisions = request.get("sourceRevisions") or []
    for one in revisions:
        if one["revisionType"] != "COMMIT_ID":
            raise ValidationException(
                f"revisionType {one['revisionType']}: a commit's source takes COMMIT_ID"
            )
    commit = revisions[0]["revisionValue"] if revisions else ""
    try:
        execution = parts.executions.start(commit)
    except RepositoryError as error:
        raise ValidationException(str(error)) from None
    return {"pipelineExecutionId": execution.id}
