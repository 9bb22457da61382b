"""Keeps tracing libraries to one line a minute for each message: they log every attempt that failed."""

import logging
import time

REPEATS_EVERY_S = 60.0
LOGGERS = ("aws_xray_sdk", "opentelemetry")
_logged_at_s: dict[object, float] = {}  # the messages, and when each was logged last


def init_app() -> None:
    """Let the libraries log warnings, each once a minute."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_once_a_minute)


def _once_a_minute(record: logging.LogRecord) -> bool:
    if not record.name.startswith(LOGGERS):
        return True
    if time.monotonic() - _logged_at_s.get(record.msg, -REPEATS_EVERY_S) < REPEATS_EVERY_S:
        return False
    _logged_at_s[record.msg] = time.monotonic()
    return True
