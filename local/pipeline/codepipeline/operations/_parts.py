"""What CodePipeline's operations work with."""

from typing import Any, Protocol

from local.pipeline.architecture import Architecture
from local.pipeline.codepipeline.executions import Executions

Document = dict[str, Any]  # a request or an answer, its members named as in botocore's model


class Parts(Protocol):
    """The parts of the runner that an operation may use."""

    architecture: Architecture
    executions: Executions
