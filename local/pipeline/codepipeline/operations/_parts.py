"""What CodePipeline's operations work with."""

from typing import Protocol

from local.pipeline.architecture import Architecture
from local.pipeline.codepipeline.executions import Executions


class Parts(Protocol):
    """The parts of the runner that an operation may use."""

    architecture: Architecture
    executions: Executions
