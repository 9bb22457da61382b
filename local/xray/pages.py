"""The door for people on the API's port: what this is, and one trace as a page to read."""

import html
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import orjson

from local.awsapi.origins import is_foreign_host
from local.xray.backend import Backend
from local.xray.segments import Document, as_mapping, end_of, subsegments, trace_id_of
from local.xray.statistics import outcome
from local.xray.traces import Trace, node_of

TRIES = 5  # a trace may be on its way for a moment
STYLE = """
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.25rem } h1, code, .fact { overflow-wrap: anywhere }
  code { font: 14px ui-monospace, monospace }
  ol { list-style: none; margin: 0; padding-left: 1rem; border-left: 1px solid #8888 } li { margin: .5rem 0 }
  .stand-in, .fact { opacity: .8 } .fault, .error, .throttle { font-weight: 700 }
  .bar { height: 6px; min-width: 2px; border-radius: 3px; background: #c77d1a }
  .inferred { border: 1px dashed; opacity: .6 }
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Pages:
    """A WSGI application for GET; everything else is the API's."""

    def __init__(self, backend: Backend, counters: Callable[[], dict[str, Any]]) -> None:
        self._backend, self._counters = backend, counters

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer `/`, `/healthz`, `/traces/<id>` and `/traces/<id>.json`."""
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
        elif path.startswith("/traces/"):
            status, kind, body = self._trace(path.removeprefix("/traces/"), environ.get("QUERY_STRING", ""))
        else:
            status, body = (
                "404 Not Found",
                _page("Nothing here", "<p>Traces are at /traces/&lt;trace id&gt;.</p>"),
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

    def _trace(self, name: str, query: str) -> tuple[str, str, bytes]:
        wants_json, text = name.endswith(".json"), name.removesuffix(".json")
        trace_id = trace_id_of(text)
        found = self._backend.assembled(self._backend.store.traces([trace_id])) if trace_id else []
        if wants_json:
            status = "200 OK" if found else "404 Not Found"
            return status, "application/json", orjson.dumps(found[0].documents if found else [])
        if found:
            return "200 OK", "text/html; charset=utf-8", _page(f"Trace {trace_id}", tree(found[0]))
        return "404 Not Found", "text/html; charset=utf-8", _absent(text, trace_id is not None, query)


def _absent(text: str, is_trace_id: bool, query: str) -> bytes:
    tried = parse_qs(query).get("try", ["0"])[0]
    number = int(tried) if tried.isdigit() and len(tried) < 3 else 0
    if not is_trace_id:
        return _page("No trace id", f"<p><code>{html.escape(text[:200])}</code> is no trace id.</p>")
    again = f'<meta http-equiv="refresh" content="1;url=?try={number + 1}">' if number < TRIES else ""
    why = "It may be on its way; asking again." if again else "It was not sampled, is too old, or never was."
    return _page("Not here", f"<p>Trace <code>{html.escape(text)}</code> is not here. {why}</p>", again)


def tree(trace: Trace) -> str:
    """A trace as nested lists: who called whom, how long it took, what came of it."""
    by_parent: dict[str, list[Document]] = {}
    for document in (*trace.segments, *trace.inferred):
        if document.get("parent_id"):
            by_parent.setdefault(document["parent_id"], []).append(document)
    rows = _Rows(by_parent, *trace.span())
    known = {entity["id"] for top in trace.segments for entity in (top, *subsegments(top))}
    tops = [d for d in trace.documents if d.get("parent_id") not in known and not d.get("inferred")]
    items = "".join(rows.item(top) for top in (*tops, *trace.segments))  # segments in a circle have no top
    return f'<p><a href="/traces/{trace.trace_id}.json">The documents as JSON</a></p><ol>{items}</ol>'


class _Rows:
    """The rows of one trace, each with its bar on the trace's time axis."""

    def __init__(self, by_parent: dict[str, list[Document]], start_s: float, end_s: float | None) -> None:
        self._by_parent, self._start_s = by_parent, start_s
        self._length_s = max((end_s or start_s) - start_s, 0.001)
        self._shown: set[str] = set()

    def item(self, entity: Document) -> str:
        """An entity and what is below it; nothing when it was shown already."""
        if entity["id"] in self._shown:
            return ""
        self._shown.add(entity["id"])
        below = [*entity.get("subsegments", ()), *self._by_parent.get(entity["id"], ())]
        children = "".join(self.item(child) for child in sorted(below, key=lambda d: float(d["start_time"])))
        inner = f"<ol>{children}</ol>" if children else ""
        return f"<li>{' · '.join(_facts(entity))}{self._bar(entity)}{inner}</li>"

    def _bar(self, entity: Document) -> str:
        end_s = end_of(entity) or self._start_s + self._length_s
        left = min(100.0, max(0.0, (entity["start_time"] - self._start_s) / self._length_s * 100))
        width = min(100.0 - left, max(0.0, (end_s - entity["start_time"]) / self._length_s * 100))
        kind = "bar inferred" if entity.get("inferred") else "bar"
        return f'<div class="{kind}" style="margin-left:{left:.2f}%;width:{width:.2f}%"></div>'


def _facts(entity: Document) -> Iterator[str]:
    end, result = end_of(entity), outcome(entity)
    yield f"<strong>{html.escape(node_of(entity)[0])}</strong>"
    yield f"{(end - entity['start_time']) * 1000:.1f} ms" if end is not None else "in progress"
    if result != "ok":
        yield f'<span class="{result}">{result}</span>'
    aws, http, annotations = (as_mapping(entity.get(part)) for part in ("aws", "http", "annotations"))
    request, response = as_mapping(http.get("request")), as_mapping(http.get("response"))
    call = (
        aws.get("operation"),
        aws.get("table_name"),
        request.get("method"),
        request.get("url"),
        response.get("status"),
    )
    words = [str(word) for word in call if isinstance(word, str | int)]
    words += [f"{key}={value}" for key, value in annotations.items() if isinstance(value, str | int | float)]
    if words:
        yield f'<span class="fact">{html.escape(" ".join(words)[:500])}</span>'


def _page(title: str, body: str, head: str = "") -> bytes:
    note = '<p class="stand-in">A local stand-in for AWS X-Ray: nothing here is on AWS.</p>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>{head}'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{html.escape(title)}</h1>{note}{body}</html>"
    ).encode()
