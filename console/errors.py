"""What can go wrong, told with the next step.

ConsoleError
├── BadInput       400: the address or a form asks for something that can't be
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
    """Has a status, a title and a sentence for the person who looks at the page."""

    status, title = 500, "The console has a fault"

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.detail, self.code = detail, code


class BadInput(ConsoleError):
    """The request can't be understood; the message names the field and what was expected."""

    status, title = 400, "That can't be read"


class NotFound(ConsoleError):
    """There is no such thing."""

    status, title = 404, "Nothing here"


class AwsError(ConsoleError):
    """An API refused, or nobody answered; `code` is AWS's own error code where there is one."""

    status, title = 502, "AWS did not answer as hoped"


class Unreachable(AwsError):
    """Nobody answered at all."""


def explained(error: BotoCoreError | ClientError) -> AwsError:
    """What boto3 says, and what to do about it."""
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
