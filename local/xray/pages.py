"""The door for people on the API's port: what this is and what it counted. The console shows the rest."""

import html
from collections.abc import Callable
from typing import Any

import orjson

from local.awsapi.origins import is_foreign_host

STYLE = """
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.25rem } code { font: 14px ui-monospace, monospace; overflow-wrap: anywhere }
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Pages:
    """A WSGI application for GET; everything else is the API's."""

    def __init__(self, counters: Callable[[], dict[str, Any]]) -> None:
        self._counters = counters

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer `/` and `/healthz`."""
        path, kind = environ.get("PATH_INFO", "/"), "text/html; charset=utf-8"
        if is_foreign_host(environ.get("HTTP_HOST")):
            status, body = "403 Forbidden", _page("Not here", "<p>This machine has no such name.</p>")
        elif path == "/healthz":
            status, kind, body = (
                "200 OK",
                "application/json",
                orjson.dumps({"status": "ok", **self._counters()}),
            )
        elif path == "/":
            status, body = "200 OK", self._front(environ.get("HTTP_HOST", ""))
        else:
            status, body = (
                "404 Not Found",
                _page("Nothing here", "<p>Traces are to be seen in the console.</p>"),
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

    def _front(self, host: str) -> bytes:
        rows = "".join(f"<li>{html.escape(name)}: {value}</li>" for name, value in self._counters().items())
        here = f"--endpoint-url http://{html.escape(host)}"
        ask = f"aws xray get-service-graph {here} --start-time … --end-time …"
        return _page(
            "Local X-Ray",
            f"<p>Segments come in over UDP, the API answers here:</p><code>{ask}</code><ul>{rows}</ul>",
        )


def _page(title: str, body: str) -> bytes:
    note = '<p class="stand-in">A local stand-in for AWS X-Ray: nothing here is on AWS.</p>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{html.escape(title)}</h1>{note}{body}</html>"
    ).encode()
