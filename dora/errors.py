"""What can stop a report.

DoraError
├── InputError     what was given is wrong; names file, line, field, what was expected: exit code 2
└── SourceError    a source did not answer or can't be read: exit code 1
"""


class DoraError(Exception):
    """The message says what, with which input, and what to do next."""

    exit_code = 1


class InputError(DoraError):
    """Wrong input or options."""

    exit_code = 2


class SourceError(DoraError):
    """AWS, git or a file did not give what was asked for."""
