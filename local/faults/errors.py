"""The errors of the commands; their texts are for the user.

FaultError
├── Refused      the command was refused, and nothing was changed
└── NotThere     a part of the shop does not answer
"""


class FaultError(Exception):
    """Says what happened and what to do about it."""


class Refused(FaultError):
    """The command was refused, and nothing was changed."""


class NotThere(FaultError):
    """A part of the shop does not answer."""
