"""The errors that end a report with a message and an exit code.

DoraError
├── InputError     an option or input files are wrong: exit code 2
└── SourceError    AWS, git or a file could not be read: exit code 1
"""


class DoraError(Exception):
    """A report can't be made; each message names the input, what was expected and what to do next."""

    exit_code = 1

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class InputError(DoraError):
    """Options or input files are wrong; a message names the option, or file, line and field."""

    exit_code = 2


class SourceError(DoraError):
    """AWS, git or a file did not answer, or could not be read."""
