"""Errors of CodeCommit's API model; a client sees the name of the class as the error's code."""

from local.awsapi.errors import ApiError


class RepositoryDoesNotExistException(ApiError):
    """No repository has this name."""


class CommitIdDoesNotExistException(ApiError):
    """No commit has this id."""
