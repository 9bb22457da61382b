"""Errors as RFC 9457 problem documents. A service raises one of these; only this module makes error answers.

Problem
├── InvalidInput        400  names every wrong field
├── Forbidden           403
├── NotFound            404
├── Conflict            409
├── TooLarge            413
├── UnsupportedMedia    415
├── KeyReused           422  an id that was already used for something else
├── DependencyDown      503  carries Retry-After
└── RemoteProblem            what another service answered, passed on in its words
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import Flask, Response, g
from pydantic import BaseModel
from werkzeug.exceptions import HTTPException

from services.common import logs

PROBLEM_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem:"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of the input: where it is and what was expected."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str
    trace_id: str | None
    errors: list[FieldError] | None = None


class Problem(Exception):
    """An error that the caller may read. `code` is for programs, `detail` for people."""

    status: int = 500
    code: str = "internal-error"
    title: str = "Internal error"
    headers: Mapping[str, str] = MappingProxyType({})  # of the answer, beside those that every answer has

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class InvalidInput(Problem):
    """The request cannot be understood; every wrong field is named."""

    status, code, title = 400, "invalid-input", "The request is not valid"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors), errors=errors)


class Forbidden(Problem):
    """Not for this caller."""

    status, code, title = 403, "forbidden", "Not for this caller"


class NotFound(Problem):
    """The address names nothing that exists."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(Problem):
    """The request is well formed, but the present state of what it names does not allow it."""

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
    """A dependency of this service does not answer; the caller may try again later."""

    status, code, title = 503, "dependency-down", "A dependency does not answer"
    headers = MappingProxyType({"Retry-After": "1"})

    def __init__(self, dependency: str, detail: str = "") -> None:
        super().__init__(detail or f"{dependency} does not answer; try again in 1 s")


class RemoteProblem(Problem):
    """A problem that another service answered with, passed on in its words."""

    def __init__(self, document: Mapping[str, Any], status: int) -> None:
        errors = [FieldError(str(e.get("field")), str(e.get("message"))) for e in document.get("errors", [])]
        super().__init__(str(document.get("detail", "")), errors=errors)
        self.status = status
        self.code = str(document.get("type", "")).removeprefix(TYPE_PREFIX)
        self.title = str(document.get("title", ""))


def init_app(app: Flask) -> None:
    """Answer every error, the framework's and unknown ones included, as a problem document."""
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def _answer(problem: Problem) -> Response:
    if problem.status >= 500:
        g.setdefault("failure", problem)  # the access line carries it
    document = ProblemDocument(
        type=TYPE_PREFIX + problem.code,
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        trace_id=logs.current().trace_id,
        errors=list(problem.errors) or None,
    )
    body = document.model_dump_json(exclude_none=True)
    return Response(body, problem.status, problem.headers, content_type=PROBLEM_TYPE)


def _http_error(error: HTTPException) -> Response:
    problem = Problem(error.description or "")
    problem.status, problem.title = error.code or 500, error.name
    problem.code = error.name.lower().replace(" ", "-")
    problem.headers = {
        name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")
    }
    return _answer(problem)


def _bug(error: Exception) -> Response:
    g.exception = g.failure = error  # the tracing puts it on the segment, the access line carries it
    return _answer(Problem("The error was logged under the trace id."))
