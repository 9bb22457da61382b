"""One trace: its map, its waterfall, the details of a row, and all its log lines."""

import json
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from console.aws import Aws, attempt, aws
from console.errors import BadInput, NotFound
from console.graph import graph_of
from console.logs import Line, groups, trace_lines
from console.trace import MAX_DEPTH, Row, Trace, assemble, exceptions_of, trace_id_of

routes = Blueprint("trace", __name__)
TRIES = 5  # a trace may be on its way for a moment
BEFORE_S, AFTER_S = 5.0, 60.0  # log lines of a trace may be a little outside of it
TICKS = (0, 25, 50, 75, 100)


@routes.get("/traces/<text>")
def show(text: str) -> Any:
    """The trace of an id in any spelling; `row` opens the details of a segment or subsegment."""
    trace_id = _checked(text)
    if trace_id != text:
        return redirect(url_for("trace.show", text=trace_id, row=request.args.get("row")))
    client = aws()
    drawn = client.start(lambda: graph_of(_services(client, trace_id)))
    trace = find(trace_id)
    if trace is None:
        return _absent(trace_id)
    lines, log_problem = attempt(partial(_lines, trace), list[Line])
    graph, _ = attempt(drawn.result, lambda: graph_of([]))
    chosen = trace.row(request.args.get("row", ""))
    return render_template(
        "trace.html",
        trace=trace,
        graph=graph,
        chosen=chosen,
        exceptions=exceptions_of(chosen) if chosen else [],
        document=_own_document(chosen) if chosen else "",
        lines=lines,
        log_problem=log_problem,
        versions=_versions(trace),
        top=trace.rows[0],
        max_depth=MAX_DEPTH,
        ticks=TICKS,
    )


@routes.get("/traces/<text>.json")
def raw(text: str) -> Response:
    """The documents as X-Ray has them."""
    trace = find(_checked(text))
    if trace is None:
        raise NotFound(f"Trace {text} is not here.")
    body = json.dumps(trace.documents, indent=2)
    return Response(body, mimetype="application/json")


def find(trace_id: str) -> Trace | None:
    """The trace, or None when X-Ray has none of that id; raises AwsError."""
    answer = aws().ask(aws().xray.batch_get_traces, TraceIds=[trace_id])
    found = [document["Document"] for one in answer["Traces"] for document in one["Segments"]]
    trace = assemble(trace_id, found)
    return trace if trace.rows else None


def _services(client: Aws, trace_id: str) -> list[Any]:
    return list(client.pages(client.xray, "get_trace_graph", "Services", TraceIds=[trace_id]))


def _lines(trace: Trace) -> list[Line]:
    names = groups(aws(), current_app.extensions["settings"].log_group_prefix)
    return trace_lines(aws(), names, trace.trace_id, (trace.start_s - BEFORE_S, trace.end_s + AFTER_S))


def _own_document(row: Row) -> str:
    """The row's part of the document, without the rows below it: they are on the page."""
    own = {key: value for key, value in row.document.items() if key != "subsegments"}
    return json.dumps(own, indent=2, ensure_ascii=False)


def _versions(trace: Trace) -> dict[str, str]:
    """Which version of each service took part, where its segment says so."""
    said: dict[str, set[str]] = {}
    for row in trace.rows:
        annotations = row.document.get("annotations")
        if isinstance(annotations, dict) and "version" in annotations:
            said.setdefault(row.service, set()).add(str(annotations["version"]))
    return {service: ", ".join(sorted(versions)) for service, versions in sorted(said.items())}


def _checked(text: str) -> str:
    trace_id = trace_id_of(text)
    if not trace_id:
        raise BadInput(
            f"{text[:200]!r} is no trace id: expected 1-5759e988-bd862e3fe1be46a994272793 or 32 hex digits"
        )
    return trace_id


def _absent(trace_id: str) -> Any:
    tried = request.args.get("tries", "0")
    number = int(tried) if tried.isdigit() and len(tried) < 3 else 0
    if number >= TRIES:
        raise NotFound(f"Trace {trace_id} is not here. It was not sampled, is too old, or never was.")
    page = render_template("waiting.html", trace_id=trace_id, number=number + 1)
    return page, 404, {"Refresh": f"1; url={url_for('trace.show', text=trace_id, tries=number + 1)}"}
