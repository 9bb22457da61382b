"""A WSGI application for `POST /v1/traces`, as the OTLP specification has it.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import logging
import re
import threading
import time
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from local.awsapi.application import Environ, StartResponse, foreign_request, request_headers
from local.awsapi.signatures import may_be_unsigned, signed_service
from local.xray.otlp.decoding import JSON, MAX_BYTES, PROTOBUF, decode, decompressed
from local.xray.otlp.errors import (
    Forbidden,
    InvalidData,
    OtlpError,
    Overloaded,
    TooLarge,
    UnknownPath,
    WrongMethod,
)
from local.xray.otlp.intake import Intake, take
from local.xray.span_log import SpanLog
from local.xray.storage.writer import Writer

log = logging.getLogger(__name__)

PREFIX, PATH = "/v1/", "/v1/traces"
RETRY_AFTER_S = 1
WAIT_S = 5.0  # how long a request waits until those before it are decoded


class OtlpReceiver:
    """Stores spans as segment documents; they are written when the request is answered.

    Counts spans taken and rejected, and requests that were refused because too much waits.
    """

    def __init__(self, writer: Writer, span_log: SpanLog) -> None:
        self._writer, self._span_log = writer, span_log
        self._decoding = threading.Lock()  # one body at a time is in memory in its decoded form
        self.received = self.rejected = self.overloaded = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one request, in the encoding of its body."""
        headers = request_headers(environ)
        media_type = headers["content-type"].partition(";")[0].strip().lower()
        extra: list[tuple[str, str]] = []
        answer: Message
        try:
            status, answer = "200 OK", self._answer(environ, headers, media_type)
        except OtlpError as error:
            status, answer = error.status, Status(code=error.code, message=str(error))
            if isinstance(error, Overloaded):
                self.overloaded += 1
                extra = [("Retry-After", str(RETRY_AFTER_S))]
            if isinstance(error, WrongMethod):
                extra = [("Allow", "POST")]
        except Exception:  # outermost edge of a request: logged, and the server goes on
            log.exception("an OTLP request failed")
            status, answer = (
                OtlpError.status,
                Status(code=OtlpError.code, message="The log says how it failed."),
            )
        content, content_type = _encoded(answer, media_type)
        start_response(
            status, [("Content-Type", content_type), ("Content-Length", str(len(content))), *extra]
        )
        return [content]

    def _answer(
        self, environ: Environ, headers: dict[str, str], media_type: str
    ) -> ExportTraceServiceResponse:
        _check_sender(environ, headers)
        with _held(self._decoding):
            body = decompressed(_read(environ), headers.get("content-encoding", "").strip().lower())
            batches = decode(body, media_type)
            intake = take(batches, time.time(), with_events=self._span_log.is_open)
        if not self._writer.put_all(intake.documents):
            raise Overloaded("Spans arrive faster than they are written: send them again")
        self._writer.flush()
        if intake.documents and self._writer.write_error:
            raise Overloaded(f"The spans could not be written: {self._writer.write_error}")
        self._span_log.put_spans(intake.events)
        self.received += intake.accepted
        self.rejected += intake.rejected
        return _response(intake)


class _held:
    """The lock for the time of a `with`. Raises Overloaded when it isn't free within WAIT_S."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=WAIT_S):
            raise Overloaded("Too many requests wait: send it again")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _check_sender(environ: Environ, headers: dict[str, str]) -> None:
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    if reason := foreign_request(method, headers):
        raise Forbidden(reason)
    if path.rstrip("/") != PATH:
        signal = path.removeprefix(PREFIX)[:40]
        raise UnknownPath(f"{PREFIX}{signal}: only traces are taken, at {PATH}. Switch the exporter off")
    if method != "POST":
        raise WrongMethod(f"{method}: expected POST")
    if not may_be_unsigned(method, headers) and not signed_service(headers):
        raise Forbidden("A browser sends what a form can send: expected an exporter, or a signature")


def _read(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch(r"[0-9]{1,12}", length):
        raise InvalidData(f"Content-Length {length[:20]!r}: expected a number of bytes")
    if int(length) > MAX_BYTES:
        raise TooLarge(f"The body is larger than {MAX_BYTES} bytes: send fewer spans at a time")
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _response(intake: Intake) -> ExportTraceServiceResponse:
    response = ExportTraceServiceResponse()
    if intake.rejected:
        response.partial_success.rejected_spans = intake.rejected
        response.partial_success.error_message = intake.reason
    return response


def _encoded(message: Any, media_type: str) -> tuple[bytes, str]:
    if media_type == PROTOBUF:
        return message.SerializeToString(), PROTOBUF
    return json_format.MessageToJson(message, indent=None).encode(), JSON
