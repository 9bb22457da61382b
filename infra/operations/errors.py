"""The errors that end a command.

OperationError
├── AccountError   AWS refused, or a stack is not as it must be: exit code 1
│   └── StillChanging (stacks.py)   a stack takes too long
└── UsageError     the machine or a variable is wrong, and nothing was changed: exit code 2
"""


class OperationError(Exception):
    """The command can't go on; the message says what to do."""

    exit_code = 1


class AccountError(OperationError):
    """AWS refused or failed; what was changed before stays changed."""


class UsageError(OperationError):
    """A wrong variable, no credentials, no Docker; nothing was changed."""

    exit_code = 2
