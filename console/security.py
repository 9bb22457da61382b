"""Which requests are answered, and what a page may do.

Any page in the user's browser can reach 127.0.0.1, and can give a name of its own that address (DNS
rebinding). So the Host must be this machine, what changes something must come from this origin with its
token, and no page runs anything but the console's own scripts.
"""

import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from console.shared.errors import BadInput, ConsoleError

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
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


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


def is_own_host(host: str) -> bool:
    """Whether a Host header can only mean this machine: an address, localhost, or a name without a dot."""
    name = re.sub(r":\d{1,5}$", "", host).lower()
    if name == "localhost" or name.endswith(".localhost") or re.fullmatch(r"[a-z0-9-]+", name):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _check() -> None:
    if not is_own_host(request.host):
        raise Foreign(f"This console answers at addresses of its own machine, not as {request.host}.")
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    if (origin is not None and urlsplit(origin).netloc != request.host) or site not in (
        "same-origin",
        "none",
    ):
        raise Foreign("Only the console's own pages may change something.")
    try:
        current_app.extensions["console.csrf"].protect()
    except CSRFError as error:
        raise BadInput(f"{error.description} Go back, reload the page and try again.") from None


def _mark(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
