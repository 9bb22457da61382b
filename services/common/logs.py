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

from flask import Flask, Response, g, request
from pythonjsonlogger.orjson import OrjsonFormatter

from services.common import metrics

log = logging.getLogger("services.access")
# asked every few seconds by load balancers and by the console; logged at DEBUG only
QUIET = (("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/faults"))
REPEATS_EVERY_S = 60.0
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids that tie a log line to a request and its trace; all None outside a request."""

    trace_id: str | None = None
    segment_id: str | None = None
    request_id: str | None = None


_NOBODY = Identity()
_identity: ContextVar[Identity] = ContextVar("identity", default=_NOBODY)


def current() -> Identity:
    """The ids of the request that this thread is serving."""
    return _identity.get()


def identify(trace_id: str, segment_id: str, callers_request_id: str = "") -> None:
    """Give the log lines of this thread their ids; the caller's request id is kept when it is sane."""
    sane = re.fullmatch(r"[\w.:-]{1,128}", callers_request_id, re.ASCII)
    _identity.set(Identity(trace_id, segment_id, callers_request_id if sane else uuid.uuid4().hex))


class JsonLines(OrjsonFormatter):
    """The line's fields, in the order a person reads them."""

    def __init__(self, service: str, version: str) -> None:
        super().__init__()
        self.service, self.version = service, version

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {
            "timestamp": when.replace("+00:00", "Z"),
            "level": record.levelname,
            "service": self.service,
            "version": self.version,
            "message": record.message,
            **asdict(current()),
        }
        # not the library's own merge: it leaves out `_aws`, by which CloudWatch knows embedded metrics
        log_data |= {key: value for key, value in vars(record).items() if key not in self._skip_fields}
        if record.exc_info and record.exc_info[0]:
            kind, error, _ = record.exc_info
            stack = message_dict["exc_info"]
            log_data["exception"] = {"type": kind.__name__, "message": str(error), "stack": stack}


class OnceAMinute(logging.Filter):
    """Lets a library repeat itself once a minute: a dead X-Ray daemon must not fill the log."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix
        self._said: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self.prefix):
            return True
        now = time.monotonic()
        if now - self._said.get(record.msg, -REPEATS_EVERY_S) < REPEATS_EVERY_S:
            return False
        self._said[record.msg] = now
        return True


def config(service: str, version: str, level: str) -> dict[str, Any]:
    """The dictConfig of a service's process; gunicorn's own lines go the same way.

    A wrong `level` logs at INFO: the settings refuse it, and that refusal must be readable.
    """
    level = level.upper() if level.upper() in LEVELS else "INFO"
    plain = {"level": level, "handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines, "service": service, "version": version}},
        "filters": {"once-a-minute": {"()": OnceAMinute, "prefix": "aws_xray_sdk"}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["once-a-minute"],
            }
        },
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": plain,
            "gunicorn.access": {"level": "CRITICAL"},  # our own access line knows the route and the trace
            "aws_xray_sdk": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
        },
    }


def init_app(app: Flask) -> None:
    """Write one access line a request, and answer with its `X-Request-Id`."""
    logging.captureWarnings(True)
    app.before_request(_start_clock)
    app.after_request(_write_access_line)


def _start_clock() -> None:
    g.started = time.perf_counter()


def _write_access_line(response: Response) -> Response:
    response.headers["X-Request-Id"] = current().request_id or ""
    duration_ms = round((time.perf_counter() - g.started) * 1000, 3)
    route = request.url_rule.rule if request.url_rule else "(none)"
    fields = {
        "method": request.method,
        "route": route,
        "path": request.path,
        "status": response.status_code,
        "duration_ms": duration_ms,
    }
    is_quiet = (request.method, route) in QUIET
    level = logging.DEBUG if is_quiet else logging.INFO
    if log.isEnabledFor(level):
        if not is_quiet:
            fields |= metrics.embedded(response.status_code, duration_ms)
        log.log(level, "%s %s %s", request.method, request.path, response.status_code, extra=fields)
    return response
