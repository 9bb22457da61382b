"""Refuses foreign web pages: those of another origin, and those under a name that is not this machine's."""

from flask import Flask, current_app, request

from origins import foreign_sender, is_own_host
from services.common.problems import Forbidden


def init_app(app: Flask) -> None:
    """Check every request before its route."""
    app.before_request(_check)


def _check() -> None:
    if current_app.extensions["settings"].allowed_hosts == "local" and not is_own_host(request.host):
        raise Forbidden(f"Host: {request.host[:100]} is not a name of this machine")
    if sender := foreign_sender(request.method, request.headers, is_page=request.path == "/"):
        raise Forbidden(f"web pages of another origin may not ask for this ({sender})")
