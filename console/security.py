"""Which requests are answered, and what a page may do.

The Host must be this machine, requests of foreign web pages are refused but for links that lead here, what
changes something must carry this origin's token, and no page runs anything but the console's own scripts.
"""

import secrets

from flask import Flask, Response, current_app, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from console.shared.errors import BadInput, ConsoleError
from origins import SAFE_METHODS, foreign_sender, is_own_host

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Foreign(ConsoleError):
    """The request is for another host, or a page of another site sent it."""

    status, title = 403, "Not from there"


def init_app(app: Flask) -> None:
    """Check every request before its route, and add security headers to every answer."""
    app.config.update(
        SECRET_KEY=secrets.token_bytes(
            32
        ),  # of this run: a form from before a restart is refused, and says so
        SESSION_COOKIE_NAME="lantern-console",  # a cookie knows no port; the shop has cookies of its own
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_CHECK_DEFAULT=False,  # it is checked below, after Host and Origin
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    app.before_request(_check)
    app.extensions["console.csrf"] = CSRFProtect(app)
    app.after_request(_mark)


def _check() -> None:
    if not is_own_host(request.host):
        raise Foreign(f"This console answers at addresses of its own machine, not as {request.host}.")
    if sender := foreign_sender(request.method, request.headers, is_page=request.endpoint != "static"):
        raise Foreign(f"Only the console's own pages may ask for this ({sender}).")
    if request.method in SAFE_METHODS:
        return
    try:
        current_app.extensions["console.csrf"].protect()
    except CSRFError as error:
        raise BadInput(f"{error.description} Go back, reload the page and try again.") from None


def _mark(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
