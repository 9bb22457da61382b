"""The errors of the commands; their texts are for the user.

LabError
├── Refused      the command makes no sense now, and nothing was changed
└── NotThere     the shop, X-Ray or CloudWatch cannot be looked at
"""


class LabError(Exception):
    """Says what happened and what to do about it."""


class Refused(LabError):
    """The command makes no sense now, and nothing was changed."""


class NotThere(LabError):
    """The shop, X-Ray or CloudWatch cannot be looked at."""
