"""What OTLP over HTTP answers when it refuses a request as a whole.

OtlpError                     status, and the code of google.rpc.Status in the body
├── InvalidData          400  cannot be decoded, or nothing in it can be taken
├── Forbidden            403  a web page of another origin sends, or somebody who is no exporter
├── UnknownPath          404  not the path of traces
├── WrongMethod          405  not POST
├── TooLarge             413  more bytes than AWS takes
├── UnsupportedMedia     415  a body that is neither protobuf nor JSON, or compressed otherwise than by gzip
└── Overloaded           503  cannot keep up; the exporter shall send it again

https://opentelemetry.io/docs/specs/otlp/#failures-1
"""

from google.rpc import code_pb2


class OtlpError(Exception):
    """A refusal; the text is the Status' message."""

    status = "500 Internal Server Error"
    code = code_pb2.INTERNAL


class InvalidData(OtlpError):
    """The body cannot be decoded, or nothing in it can be taken. Exporters don't send it again."""

    status = "400 Bad Request"
    code = code_pb2.INVALID_ARGUMENT


class Forbidden(OtlpError):
    """The sender is a web page of another origin, or a browser that sends what a form can send."""

    status = "403 Forbidden"
    code = code_pb2.PERMISSION_DENIED


class UnknownPath(OtlpError):
    """Traces are taken; metrics, logs and profiles are not."""

    status = "404 Not Found"
    code = code_pb2.UNIMPLEMENTED


class WrongMethod(OtlpError):
    """OTLP is sent by POST."""

    status = "405 Method Not Allowed"
    code = code_pb2.UNIMPLEMENTED


class TooLarge(OtlpError):
    """The body has more bytes than AWS takes."""

    status = "413 Content Too Large"
    code = code_pb2.INVALID_ARGUMENT


class UnsupportedMedia(OtlpError):
    """The body's type or compression is unknown."""

    status = "415 Unsupported Media Type"
    code = code_pb2.INVALID_ARGUMENT


class Overloaded(OtlpError):
    """Documents arrive faster than they are written. Exporters send it again after Retry-After."""

    status = "503 Service Unavailable"
    code = code_pb2.UNAVAILABLE
