"""What CodeDeploy's operations work with."""

from typing import Any, Protocol

from local.pipeline.architecture import Architecture
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.ecs.service_scheduler import ServiceScheduler
from local.pipeline.local_aws import LocalAws

Document = dict[str, Any]  # a request or an answer, its members named as in botocore's model


class Parts(Protocol):
    """The parts of the runner that an operation may use."""

    architecture: Architecture
    deployments: Deployments
    scheduler: ServiceScheduler
    aws: LocalAws
