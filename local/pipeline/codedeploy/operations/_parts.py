"""What CodeDeploy's operations work with."""

from typing import Protocol

from local.pipeline.architecture import Architecture
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.ecs.service_scheduler import Fleet
from local.pipeline.local_aws import Aws


class Parts(Protocol):
    """The parts of the runner that an operation may use."""

    architecture: Architecture
    deployments: Deployments
    fleet: Fleet
    aws: Aws
