"""The console's errors; each message says what to do next.

ConsoleError
├── BadInput       400: an argument or a form field is wrong
├── NotFound       404
└── AwsError       502: AWS, or what stands in for it, refused or did not answer
    └── Unreachable      nobody answered
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)


class ConsoleError(Exception):
    """An error with an HTTP status, a title, and a sentence for the user; `code` is AWS's own error code."""

    status, title = 500, "The console has a fault"

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.detail, self.code = detail, code


class BadInput(ConsoleError):
    """An argument or a form field is wrong; the message names it and what was expected."""

    status, title = 400, "That can't be read"


class NotFound(ConsoleError):
    """What the address names does not exist."""

    status, title = 404, "Nothing here"


class AwsError(ConsoleError):
    """AWS, or a stand-in, refused a request or did not answer it."""

    status, title = 502, "AWS did not answer as hoped"


class Unreachable(AwsError):
    """The endpoint did not answer at all."""


def explained(error: BotoCoreError | ClientError) -> AwsError:
    """Return boto3's error as an AwsError that says what to do about it."""
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return AwsError(
            "No AWS credentials were found. On the laptop: make up. On AWS: aws configure or aws sso login."
        )
    if isinstance(error, NoRegionError):
        return AwsError("No region is set: export AWS_DEFAULT_REGION=us-east-1, or whichever is yours.")
    if isinstance(error, ConnectionError | HTTPClientError):
        return Unreachable(
            f"{error} Is it running? make status shows the parts of the local stack; make up starts them."
        )
    return AwsError(str(error))


def _refusal(error: ClientError) -> AwsError:
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", "")
    hint = " Its permission is missing from the credentials in use." if "AccessDenied" in code else ""
    hint = " Sign in again: the credentials have run out." if "Expired" in code else hint
    return AwsError(f"{error.operation_name}: {code}: {message}{hint}", code)
