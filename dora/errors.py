"""The errors that end a report with a message and an exit code.

DoraError
├── InputError     an option or an input file is wrong: exit code 2
└── SourceError    AWS, git or a file could not be read: exit code 1
"""


class DoraError(Exception):
    """A report can't be made; the message names the input, what was expected and what to do next."""

    exit_code = 1


class InputError(DoraError):
    """An option or an input file is wrong; the message names option, or file, line and field."""

    exit_code = 2


class SourceError(DoraError):
    """AWS, git or a file did not answer, or could not be read."""
