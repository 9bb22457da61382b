"""Errors of CodeDeploy's own API model; each is answered under its class name."""

from local.awsapi.errors import ApiError


class ApplicationDoesNotExistException(ApiError):
    """No application has this name."""


class DeploymentGroupDoesNotExistException(ApiError):
    """The application has no such deployment group."""


class DeploymentDoesNotExistException(ApiError):
    """No deployment has this id."""


class DeploymentConfigDoesNotExistException(ApiError):
    """Not one that CodeDeploy has ready."""


class DeploymentAlreadyCompletedException(ApiError):
    """A stop comes too late."""


class DeploymentLimitExceededException(ApiError):
    """The group has a deployment under way."""


class DeploymentTargetDoesNotExistException(ApiError):
    """No target of the deployment has this id."""


class InvalidRevisionException(ApiError):
    """The revision can't be deployed."""


class InvalidLifecycleEventHookExecutionIdException(ApiError):
    """No hook of the deployment has this id."""


class InvalidLifecycleEventHookExecutionStatusException(ApiError):
    """Neither Succeeded nor Failed."""


class LifecycleEventAlreadyCompletedException(ApiError):
    """The hook has answered, or was not waited for."""
