"""The page at `/` and the health check at `/healthz`: what this server is, and its counters."""

import html
from collections.abc import Callable
from typing import Any

import orjson

from local.awsapi.application import foreign_request, request_headers

STYLE = """
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.25rem } code { font: 14px ui-monospace, monospace; overflow-wrap: anywhere }
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class FrontPage:
    """A WSGI application for GET and HEAD. `counters` gives the names and values to show."""

    def __init__(self, counters: Callable[[], dict[str, Any]]) -> None:
        self._counters = counters

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        path, kind = environ.get("PATH_INFO", "/"), "text/html; charset=utf-8"
        method = environ.get("REQUEST_METHOD", "GET")
        if reason := foreign_request(method, request_headers(environ), is_page=path == "/"):
            status, body = "403 Forbidden", _html("Not for this page", f"<p>{html.escape(reason)}</p>")
        elif path == "/healthz":
            status, kind, body = (
                "200 OK",
                "application/json",
                orjson.dumps({"status": "ok", **self._counters()}),
            )
        elif path == "/":
            status, body = "200 OK", self._front_page(environ.get("HTTP_HOST", ""))
        else:
            status, body = (
                "404 Not Found",
                _html("Nothing here", "<p>The console shows traces.</p>"),
            )
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", CSP),
        ]
        start_response(
            status, [*headers, ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
        )
        return [body]

    def _front_page(self, host: str) -> bytes:
        rows = "".join(f"<li>{html.escape(name)}: {value}</li>" for name, value in self._counters().items())
        endpoint = f"--endpoint-url http://{html.escape(host)}"
        command = f"aws xray get-service-graph {endpoint} --start-time … --end-time …"
        return _html(
            "Local X-Ray",
            f"<p>Segments come in over UDP, the API answers here:</p><code>{command}</code><ul>{rows}</ul>",
        )


def _html(title: str, body: str) -> bytes:
    label = '<p class="stand-in">A local stand-in for AWS X-Ray: nothing here is on AWS.</p>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{html.escape(title)}</h1>{label}{body}</html>"
    ).encode()
