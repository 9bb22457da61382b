"""A span's flags (error, throttle, fault) and its cause: the exceptions that it recorded as events."""

import hashlib

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from local.xray.otlp import stacktraces
from local.xray.otlp.attributes import Attributes, attributes_of, text, whole, without_empty
from local.xray.segments import Document

EXCEPTION = "exception"  # the name of an event
AWS_HTTP_FAILURE = "HTTP request failure"  # the name of an event of ADOT, about one attempt of an AWS SDK
AWS_HTTP_ERROR = "aws.http.error.event"
STATUS_KEYS = ("http.status_code", "http.response.status_code")
STATUS_TEXT = "http.status_text"


def flags_of(span: Span, attributes: Attributes) -> dict[str, bool]:
    """By the HTTP status where it tells a failure, else by the span's own status."""
    status = whole(attributes, *STATUS_KEYS) or 0
    if 400 <= status <= 599:
        is_error = status < 500
        return {"fault": not is_error, "error": is_error, "throttle": status == 429}
    return {"fault": _has_failed(span), "error": False, "throttle": False}


def cause_of(span: Span, attributes: Attributes, language: str) -> tuple[Document | None, frozenset[str]]:
    """The cause, and the attributes that are in it."""
    events = [event for event in span.events if _is_exception(event, attributes)]
    if events:
        return {"exceptions": _exceptions(span, events, language)}, frozenset()
    if not _has_failed(span):
        return None, frozenset()
    message = span.status.message or text(attributes, STATUS_TEXT)
    if not message:
        return None, frozenset((STATUS_TEXT,))
    return {"exceptions": [{"id": _exception_id(span, 0), "message": message}]}, frozenset((STATUS_TEXT,))


def _has_failed(span: Span) -> bool:
    return span.status.code == Status.STATUS_CODE_ERROR


def _is_exception(event: Span.Event, attributes: Attributes) -> bool:
    is_aws = attributes.get("rpc.system") == "aws-api"
    return event.name == EXCEPTION or (is_aws and event.name == AWS_HTTP_FAILURE)


def _exceptions(span: Span, events: list[Span.Event], language: str) -> list[Document]:
    is_remote = span.kind in (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER)
    exceptions: list[Document] = []
    for event in events:
        fields = attributes_of(event.attributes)
        if event.name == AWS_HTTP_FAILURE:
            exceptions += _aws_failure(span, event, fields, len(exceptions))
            continue
        chain = stacktraces.parse(language, text(fields, "exception.stacktrace"))
        chain[0].type, chain[0].message = text(fields, "exception.type"), text(fields, "exception.message")
        for traced in chain:
            exception = {
                "id": _exception_id(span, len(exceptions)),
                "type": traced.type,
                "message": traced.message,
                "remote": is_remote,
                "stack": traced.stack,
            }
            if traced is not chain[0]:
                exceptions[-1]["cause"] = exception["id"]
            exceptions.append(without_empty(exception))
    return exceptions


def _aws_failure(span: Span, event: Span.Event, fields: Attributes, number: int) -> list[Document]:
    """One attempt of an AWS SDK that failed, with its status, its time and its message in one text."""
    status, message = fields.get("http.response.status_code"), fields.get("aws.http.error_message")
    if status is None or message is None:
        return []
    joined = f"{status}@{event.time_unix_nano // 1000 / 1e6:.6f}@{message}"
    return [{"id": _exception_id(span, number), "type": AWS_HTTP_ERROR, "remote": True, "message": joined}]


def _exception_id(span: Span, number: int) -> str:
    """An id that follows from the span's, so that a request that is sent again makes the same document."""
    return hashlib.sha256(span.trace_id + span.span_id + number.to_bytes(4, "big")).hexdigest()[:16]
