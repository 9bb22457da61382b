"""GetCommit."""

from typing import Any

from local.pipeline.codecommit.errors import CommitIdDoesNotExistException, RepositoryDoesNotExistException
from local.pipeline.codecommit.operations._parts import Parts
from local.pipeline.codecommit.repository import RepositoryError


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return a commit with its parents, its whole message and its dates as git writes them."""
    name, commit_id = request["repositoryName"], request["commitId"]
    if name != parts.repository.name:
        raise RepositoryDoesNotExistException(f"{name} does not exist")
    try:
        details = parts.repository.details(commit_id)
    except RepositoryError:
        raise CommitIdDoesNotExistException(f"Commit ID {commit_id} does not exist") from None
    return {"commit": details}
