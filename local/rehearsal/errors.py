"""Why a rehearsal does not begin, or does not come to its end.

RehearsalError
├── CouldNotRun   nothing was deployed, because something is wrong or missing
└── Lost          the pipeline stopped answering during the execution
"""


class RehearsalError(Exception):
    """A rehearsal has not come to its end."""


class CouldNotRun(RehearsalError):
    """An input is wrong or a part is missing; the message says what to do."""


class Lost(RehearsalError):
    """The pipeline does not answer any more, or no longer knows the execution."""
