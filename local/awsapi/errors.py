"""The errors that an operation may answer in place of its output.

ApiError                                 status and code of the service's own model
├── InvalidRequestException              400  the request fits the model and is refused
├── ValidationException                  400  the request does not fit the model; `message` in lower case
├── SerializationException               400  the body is not JSON
├── UnknownOperationException            400  the API has no operation of this name
├── AccessDeniedException                403  a web page of another origin asks
├── MissingAuthenticationTokenException  403  the request has no SigV4 signature
└── NotImplementedYet                    501  the API has the operation and this stand-in lacks it
"""


class ApiError(Exception):
    """An error answer. `code` is what boto3 shows as the error's code.

    `details` are further members of the error, by their names in the service's model.
    """

    status = 400
    message_key = "Message"

    code = ""

    def __init__(self, message: str, details: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.details = details or {}

    def __init_subclass__(cls) -> None:
        cls.code = cls.__dict__.get("code") or cls.__name__


class InvalidRequestException(ApiError):
    """The request fits the model and is refused."""


class ValidationException(ApiError):
    """The request does not fit the API's model."""

    message_key = "message"


class SerializationException(ApiError):
    """The body is not JSON."""


class UnknownOperationException(ApiError):
    """The API has no operation of this name."""


class AccessDeniedException(ApiError):
    """The caller may not ask: a web page from another site."""

    status = 403


class MissingAuthenticationTokenException(ApiError):
    """The request carries no SigV4 Authorization header."""

    status = 403


class NotImplementedYet(ApiError):
    """The API has the operation and this stand-in lacks it; an empty answer would look like a real one."""

    status = 501
    code = "NotImplemented"
