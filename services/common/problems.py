"""Errors as RFC 9457 problem documents. A service raises; only this module makes error answers.

Problem
├── InvalidInput        400  names every wrong field
├── NotFound            404
├── Conflict            409
├── TooLarge            413
├── UnsupportedMedia    415
├── KeyReused           422  an id that was already used for something else
└── DependencyDown      503  carries Retry-After
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from services.common import logs, tracing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of the input: where it is and what was expected."""

    field: str
    message: str


class Problem(Exception):
    """An error that the caller may read. `code` is for machines, `detail` for people."""

    status: int = 500
    code: str = "internal-error"
    title: str = "Internal error"

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)

    def headers(self) -> Mapping[str, str]:
        """Headers that the answer carries beside the document."""
        return {}


class InvalidInput(Problem):
    """The request cannot be understood; every wrong field is named."""

    status, code, title = 400, "invalid-input", "The request is not valid"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors), errors=errors)


class NotFound(Problem):
    """What the address names is not there."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(Problem):
    """The request is well formed, but the present state does not allow it."""

    status, code, title = 409, "conflict", "Conflict with the present state"


class TooLarge(Problem):
    """The body exceeds the limit."""

    status, code, title = 413, "too-large", "The request body is too large"


class UnsupportedMedia(Problem):
    """The body is not JSON."""

    status, code, title = 415, "unsupported-media-type", "The content type is not supported"


class KeyReused(Problem):
    """The id or key was already used for another body."""

    status, code, title = 422, "key-reused", "The key was used for another request"


class DependencyDown(Problem):
    """Something this service needs does not answer; trying again later is right."""

    status, code, title = 503, "dependency-down", "A dependency does not answer"
    retry_after_s: int = 1

    def __init__(self, dependency: str, detail: str = "") -> None:
        super().__init__(detail or f"{dependency} does not answer; try again in {self.retry_after_s} s")
        self.dependency = dependency

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class RemoteProblem(Problem):
    """A problem that another service stated, passed on in its words."""

    def __init__(self, document: Mapping[str, Any], status: int) -> None:
        errors = [FieldError(str(e.get("field")), str(e.get("message"))) for e in document.get("errors", [])]
        super().__init__(str(document.get("detail", "")), errors=errors)
        self.status = status
        self.code = str(document.get("type", "")).removeprefix(TYPE_PREFIX)
        self.title = str(document.get("title", ""))


TYPE_PREFIX = "urn:problem:"


def init_app(app: Flask) -> None:
    """Answer every error, the framework's and unknown ones included, as a problem document."""
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def _answer(problem: Problem) -> Response:
    return _document(
        problem.status, problem.code, problem.title, problem.detail, problem.errors, problem.headers()
    )


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After", "Location")}
    return _document(
        status, error.name.lower().replace(" ", "-"), error.name, error.description or "", (), headers
    )


def _bug(error: Exception) -> Response:
    log.error("unhandled %s", type(error).__name__, exc_info=error)
    tracing.record_exception(error)
    return _document(500, Problem.code, Problem.title, "The error was logged under the trace id.", (), {})


def _document(
    status: int, code: str, title: str, detail: str, errors: Sequence[FieldError], headers: Mapping[str, str]
) -> Response:
    body: dict[str, Any] = {"type": TYPE_PREFIX + code, "title": title, "status": status, "detail": detail}
    body["trace_id"] = logs.current().trace_id
    if errors:
        body["errors"] = [asdict(e) for e in errors]
    answer = jsonify(body)
    answer.status_code = status
    answer.headers.update(headers)
    answer.content_type = "application/problem+json"
    return answer
