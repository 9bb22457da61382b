"""Tracing as the services use it; this package alone decides and knows which library does it."""

from services.tracing.xray import annotate, background_segment, init_app, start, untraced

__all__ = ["annotate", "background_segment", "init_app", "start", "untraced"]
