"""Errors of CodePipeline's own API model; each is answered under its class name."""

from local.awsapi.errors import ApiError


class PipelineNotFoundException(ApiError):
    """No pipeline has this name."""


class PipelineExecutionNotFoundException(ApiError):
    """No execution has this id."""


class PipelineExecutionNotStoppableException(ApiError):
    """It is over."""


class DuplicatedStopRequestException(ApiError):
    """It is being stopped already."""


class InvalidApprovalTokenException(ApiError):
    """Nobody waits for this token."""


class ApprovalAlreadyCompletedException(ApiError):
    """Somebody was faster."""
