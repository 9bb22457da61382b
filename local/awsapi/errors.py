"""What an operation may answer instead of its output.

ApiError                       status and code of the service's own model
├── InvalidRequestException    400  the request is understood and refused
├── ValidationException        400  the request does not fit the model; `message` in lower case
├── SerializationException     400  the body is not JSON
├── UnknownOperationException  400  the API has no operation of this name
├── AccessDeniedException      403  a web page from another site asks
└── NotImplementedYet          501  a real operation that this stand-in lacks, and says so
"""


class ApiError(Exception):
    """An error answer. `code` is what boto3 shows as the error's code."""

    status = 400
    message_key = "Message"

    code = ""

    def __init_subclass__(cls) -> None:
        cls.code = cls.__dict__.get("code") or cls.__name__


class InvalidRequestException(ApiError):
    """The request is understood and refused."""


class ValidationException(ApiError):
    """The request does not fit the API's model."""

    message_key = "message"


class SerializationException(ApiError):
    """The body is not JSON."""


class UnknownOperationException(ApiError):
    """The API has no operation of this name."""


class AccessDeniedException(ApiError):
    """Not for this caller."""

    status = 403


class NotImplementedYet(ApiError):
    """The operation is in AWS's API and not here; an empty answer would look like one."""

    status = 501
    code = "NotImplemented"
