"""StartPipelineExecution."""

from local.awsapi.errors import ValidationException
from local.pipeline.codecommit.repository import RepositoryError
from local.pipeline.codepipeline.operations import _shapes as shapes
from local.pipeline.codepipeline.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Start an execution; a source revision of the type COMMIT_ID chooses the commit."""
    shapes.require_pipeline(parts, request["name"])
    revisions = request.get("sourceRevisions") or []
    for revision in revisions:
        if revision["revisionType"] != "COMMIT_ID":
            raise ValidationException(
                f"revisionType {revision['revisionType']}: a commit's source takes COMMIT_ID"
            )
    commit = revisions[0]["revisionValue"] if revisions else ""
    try:
        execution = parts.executions.start(commit)
    except RepositoryError as error:
        raise ValidationException(str(error)) from None
    return {"pipelineExecutionId": execution.id}
