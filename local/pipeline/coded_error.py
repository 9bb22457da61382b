"""The base of the errors that AWS would answer or show with a code."""


class CodedError(Exception):
    """An error with AWS's code for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
