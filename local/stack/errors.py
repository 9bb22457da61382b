"""The errors of the commands; their texts are for the user.

StackError
├── Refused      nothing was started: a port is taken, the other mode runs, a mode cannot be used
├── NotThere     the program that is asked does not answer
└── NotUp        the stack did not start, and was stopped again
"""


class StackError(Exception):
    """Says what happened and what to do about it."""


class Refused(StackError):
    """The command was refused, and nothing was started."""


class NotThere(StackError):
    """A program that is asked does not answer."""


class NotUp(StackError):
    """The stack, or a part of it, did not start."""
