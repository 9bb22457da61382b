"""What keeps a rehearsal from beginning or from ending.

RehearsalError
├── CouldNotRun   nothing was deployed, because something is wrong or missing; says what to do
└── Lost          the pipeline stopped answering while it worked
"""


class RehearsalError(Exception):
    """A rehearsal that did not come to its end."""


class CouldNotRun(RehearsalError):
    """Wrong input, or a part that is missing."""


class Lost(RehearsalError):
    """The pipeline does not answer any more."""
