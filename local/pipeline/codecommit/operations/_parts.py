"""What CodeCommit's operations work with."""

from typing import Protocol

from local.pipeline.codecommit.repository import Repository


class Parts(Protocol):
    """The parts of the runner that an operation may use."""

    repository: Repository
