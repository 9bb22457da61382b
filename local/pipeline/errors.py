"""Errors of CodePipeline's and CodeDeploy's own models.

ApiError
├── PipelineNotFoundException                      no pipeline has this name
├── PipelineExecutionNotFoundException             no execution has this id
├── PipelineExecutionNotStoppableException         it is over, or is being stopped
├── DuplicatedStopRequestException                 it is being stopped already
├── StageNotFoundException, ActionNotFoundException
├── InvalidApprovalTokenException                  nobody waits for this token
├── ApprovalAlreadyCompletedException              somebody was faster
├── ApplicationDoesNotExistException, DeploymentGroupDoesNotExistException
├── DeploymentDoesNotExistException                no deployment has this id
├── DeploymentConfigDoesNotExistException          not one that CodeDeploy has ready
├── DeploymentAlreadyCompletedException            a stop comes too late
├── DeploymentLimitExceededException               the group has a deployment under way
├── DeploymentTargetDoesNotExistException          no target has this id
├── InvalidRevisionException                       the AppSpec can't be deployed
├── InvalidLifecycleEventHookExecutionIdException  no hook of the deployment has this id
├── InvalidLifecycleEventHookExecutionStatusException  neither Succeeded nor Failed
└── LifecycleEventAlreadyCompletedException        the hook has answered, or was not waited for
"""

from local.awsapi.errors import ApiError


class PipelineNotFoundException(ApiError):
    """No pipeline has this name."""


class PipelineExecutionNotFoundException(ApiError):
    """No execution has this id."""


class PipelineExecutionNotStoppableException(ApiError):
    """It is over."""


class DuplicatedStopRequestException(ApiError):
    """It is being stopped already."""


class StageNotFoundException(ApiError):
    """The pipeline has no such stage."""


class ActionNotFoundException(ApiError):
    """The stage has no such action."""


class InvalidApprovalTokenException(ApiError):
    """Nobody waits for this token."""


class ApprovalAlreadyCompletedException(ApiError):
    """Somebody was faster."""


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
