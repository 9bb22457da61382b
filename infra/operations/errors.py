"""What can stop an operation.

OperationError
├── AccountError   AWS said no, or a stack is not as it must be: exit code 1
└── UsageError     the machine or the command is not ready: nothing was asked of AWS, exit code 2
"""


class OperationError(Exception):
    """Something a person must do first; the message says what."""

    exit_code = 1


class AccountError(OperationError):
    """AWS refused or failed; what was made before stays as it is."""


class UsageError(OperationError):
    """Wrong settings, no credentials, no Docker; nothing was changed."""

    exit_code = 2
