"""Errors of CodeDeploy's API model; a client sees the name of the class as the error's code."""

from local.awsapi.errors import ApiError


class ApplicationDoesNotExistException(ApiError):
    """No application has this name."""


class DeploymentGroupDoesNotExistException(ApiError):
    """The application has no deployment group of this name."""


class DeploymentDoesNotExistException(ApiError):
    """No deployment has this id."""


class DeploymentConfigDoesNotExistException(ApiError):
    """No predefined deployment configuration has this name."""


class DeploymentAlreadyCompletedException(ApiError):
    """A deployment that is over can't be stopped."""


class DeploymentLimitExceededException(ApiError):
    """The deployment group has an active deployment already."""


class DeploymentTargetDoesNotExistException(ApiError):
    """The deployment has no target of this id."""


class InvalidRevisionException(ApiError):
    """The AppSpec or its task definition can't be deployed."""


class InvalidLifecycleEventHookExecutionIdException(ApiError):
    """No hook execution of the deployment has this id."""


class InvalidLifecycleEventHookExecutionStatusException(ApiError):
    """A hook reports Succeeded or Failed, nothing else."""


class LifecycleEventAlreadyCompletedException(ApiError):
    """The hook has reported its result already, or its event is over."""
