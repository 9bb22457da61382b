"""Errors of CodePipeline's API model; a client sees the name of the class as the error's code."""

from local.awsapi.errors import ApiError


class PipelineNotFoundException(ApiError):
    """No pipeline has this name."""


class PipelineExecutionNotFoundException(ApiError):
    """No execution has this id."""


class PipelineExecutionNotStoppableException(ApiError):
    """An execution that is over can't be stopped."""


class DuplicatedStopRequestException(ApiError):
    """The execution is being stopped already."""


class InvalidApprovalTokenException(ApiError):
    """No approval waits for this token."""


class ApprovalAlreadyCompletedException(ApiError):
    """The approval has been answered already."""
