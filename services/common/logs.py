"""Logs on stdout, one JSON object a line, each with the ids of the request that it belongs to."""

import logging
import logging.config
import re
import time
import uuid
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, Response, g, request

from services.common import metrics

log = logging.getLogger("services.access")
# asked every few seconds by load balancers and by the console; logged at DEBUG only
QUIET = (("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/faults"))
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# what the logging module itself puts on a record; everything else came with `extra`
_STANDARD_FIELDS = vars(logging.makeLogRecord({})).keys() | {"message", "asctime", "taskName"}


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids that tie a log line to a request and its trace, None outside a request; and if X-Ray has it."""

    trace_id: str | None = None
    segment_id: str | None = None
    request_id: str | None = None
    is_sampled: bool = True


_identity: ContextVar[Identity] = ContextVar("identity", default=Identity())  # noqa: B039  it is frozen


def current() -> Identity:
    """The ids of the request that this thread is serving."""
    return _identity.get()


def identify(
    trace_id: str, segment_id: str, callers_request_id: str = "", *, is_sampled: bool = True
) -> None:
    """Give the log lines of this thread their ids.

    Lines of a trace that is not sampled have `sampled: false`, so that nobody looks for it in X-Ray.
    The caller's request id is kept when it has at most 128 harmless characters, else a new one is made.
    """
    is_usable = re.fullmatch(r"[\w.:-]{1,128}", callers_request_id, re.ASCII)
    request_id = callers_request_id if is_usable else uuid.uuid4().hex
    _identity.set(Identity(trace_id, segment_id, request_id, is_sampled))


def forget() -> None:
    """Take the ids from this thread's log lines: what it does next belongs to no request."""
    _identity.set(Identity())


class JsonLines(logging.Formatter):
    """Formats a log record as a JSON object, its fields in the order in which a person reads them."""

    def __init__(self, service: str, version: str) -> None:
        super().__init__()
        self.service, self.version = service, version

    def format(self, record: logging.LogRecord) -> str:
        """The line; what came with `extra` follows the fields that every line has."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        ids = asdict(current())
        is_sampled = ids.pop("is_sampled")
        fields = {
            "timestamp": when.replace("+00:00", "Z"),
            "level": record.levelname,
            "service": self.service,
            "version": self.version,
            "message": record.getMessage(),
            **ids,
            **({} if is_sampled else {"sampled": False}),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS},
        }
        if record.exc_info and record.exc_info[0]:
            kind, error, _ = record.exc_info
            stack = self.formatException(record.exc_info)
            fields["exception"] = {"type": kind.__name__, "message": str(error), "stack": stack}
        return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def config(service: str, version: str, level: str) -> dict[str, Any]:
    """The dictConfig of a service's process; gunicorn's own lines go the same way.

    A wrong `level` logs at INFO: the settings refuse it, and that refusal must be readable.
    """
    level = level.upper() if level.upper() in LEVELS else "INFO"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines, "service": service, "version": version}},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}
        },
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL"},  # our own access line knows the route and the trace
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
        },
    }


def init_app(app: Flask) -> None:
    """Write one access line for each request, and answer with its `X-Request-Id`."""
    logging.captureWarnings(True)
    app.before_request(_start_clock)
    app.after_request(_write_access_line)


def _start_clock() -> None:
    g.started = time.perf_counter()


def _write_access_line(response: Response) -> Response:
    response.headers["X-Request-Id"] = current().request_id or ""
    duration_ms = round((time.perf_counter() - g.started) * 1000, 3)
    route = request.url_rule.rule if request.url_rule else "(none)"
    is_quiet = (request.method, route) in QUIET
    failure = g.get("failure")
    level = logging.DEBUG if is_quiet else logging.INFO
    if response.status_code >= 500 and (failure is not None or not is_quiet):
        level = logging.ERROR
    if log.isEnabledFor(level):
        fields = {
            "method": request.method,
            "route": route,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": duration_ms,
            **({} if is_quiet else metrics.embedded(response.status_code, duration_ms)),
        }
        message = (request.method, request.path, response.status_code)
        log.log(level, "%s %s %s", *message, exc_info=failure, extra=fields)
    return response
