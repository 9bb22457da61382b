"""Tracing as the services use it; this package alone decides and knows which library does it.

TRACING decides: `xray` (AWS's X-Ray SDK), `opentelemetry` or `off`. Only the library of its choice is loaded.
"""

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from flask import Flask

from services.tracing import off

_way: Any = off  # the module of this process; an app chooses it


def init_app(app: Flask) -> None:
    """Trace this app's requests as its settings say."""
    global _way
    _way = import_module(f"services.tracing.{app.extensions['settings'].tracing}")
    _way.init_app(app)


def start() -> None:
    """Start what runs beside the requests. Called once in each process."""
    _way.start()


def annotate(key: str, value: str) -> None:
    """Put an annotation, e.g. `order_id`, on the segment of the present request."""
    _way.annotate(key, value)


def background_segment(name: str, **annotations: str) -> AbstractContextManager[None]:
    """Trace work that no request asked for, e.g. a clean-up, as a segment with these annotations."""
    segment: AbstractContextManager[None] = _way.background_segment(name, **annotations)
    return segment


def untraced() -> AbstractContextManager[None]:
    """Keep work that no request asked for out of the traces, e.g. looking for something to clean up."""
    work: AbstractContextManager[None] = _way.untraced()
    return work
