"""No tracing: a request's trace id is still passed on, logged and answered, and nothing is recorded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, request

from services.common import logs
from services.tracing import headers


def init_app(app: Flask) -> None:
    """Give each request its ids."""
    app.before_request(_identify)
    app.after_request(_answer_trace_id)


def start() -> None:
    """Nothing runs beside the requests."""


def annotate(key: str, value: str) -> None:
    """There is no segment to put an annotation on."""


@contextmanager
def background_segment(name: str, **annotations: str) -> Iterator[None]:  # noqa: ARG001
    """Give the log lines of work that no request asked for a trace id of their own."""
    logs.identify(headers.new_trace_id(), os.urandom(8).hex(), is_sampled=False)
    try:
        yield
    finally:
        logs.forget()


@contextmanager
def untraced() -> Iterator[None]:
    """Nothing is traced anyway."""
    yield


def _identify() -> None:
    g.trace_id = headers.read(request.headers).root or headers.new_trace_id()
    request_id = request.headers.get("X-Request-Id", "")
    logs.identify(g.trace_id, os.urandom(8).hex(), request_id, is_sampled=False)


def _answer_trace_id(response: Response) -> Response:
    response.headers[headers.XRAY] = f"Root={g.trace_id}"
    return response
