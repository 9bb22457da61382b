"""One trace: its map, its waterfall, the details of a row, and all its log lines."""

import json
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from console.logs.lines import Line, log_groups, trace_lines
from console.service_map.graph import Graph, graph_of
from console.shared.aws import Aws, attempt, aws
from console.shared.errors import BadInput, NotFound
from console.shared.trace_id import trace_id_of
from console.trace.waterfall import MAX_DEPTH, Row, Trace, exceptions_of, find_trace

routes = Blueprint("trace", __name__)
TRIES = 5  # a trace that was just sent may not be stored yet
BEFORE_S, AFTER_S = 5.0, 60.0  # how far outside of the trace's time its log lines are looked for
TICKS = (0, 25, 50, 75, 100)  # of the waterfall's axis, in percent


@routes.get("/traces/<text>")
def show(text: str) -> Any:
    """Show the trace with the id `text`, in any spelling; `row` opens a segment's or subsegment's details."""
    trace_id = _trace_id(text)
    if trace_id != text:
        return redirect(url_for("trace.show", text=trace_id, row=request.args.get("row")))
    client = aws()
    pending = client.start(partial(_graph, client, trace_id))
    trace = find_trace(client, trace_id)
    if trace is None:
        return _waiting_page(trace_id)
    lines, log_problem = attempt(partial(_lines, trace), list[Line])
    graph, _ = attempt(pending.result, lambda: graph_of([]))
    chosen = trace.row(request.args.get("row", ""))
    return render_template(
        "trace/trace.html",
        trace=trace,
        graph=graph,
        chosen=chosen,
        exceptions=exceptions_of(chosen) if chosen else [],
        document=_own_document(chosen) if chosen else "",
        lines=lines,
        log_problem=log_problem,
        versions=_versions(trace),
        root=trace.rows[0],
        max_depth=MAX_DEPTH,
        ticks=TICKS,
    )


@routes.get("/traces/<text>.json")
def raw(text: str) -> Response:
    """Answer the trace's segment documents as X-Ray has them."""
    trace = find_trace(aws(), _trace_id(text))
    if trace is None:
        raise NotFound(f"Trace {text} is not here.")
    body = json.dumps(trace.documents, indent=2)
    return Response(body, mimetype="application/json")


def _graph(client: Aws, trace_id: str) -> Graph:
    return graph_of(client.pages("xray", "get_trace_graph", "Services", TraceIds=[trace_id]))


def _lines(trace: Trace) -> list[Line]:
    groups = log_groups(aws(), current_app.extensions["settings"].log_group_prefix)
    return trace_lines(aws(), groups, trace.trace_id, (trace.start_s - BEFORE_S, trace.end_s + AFTER_S))


def _own_document(row: Row) -> str:
    """The row's document as JSON, without its subsegments: those are rows themselves."""
    own = {key: value for key, value in row.document.items() if key != "subsegments"}
    return json.dumps(own, indent=2, ensure_ascii=False)


def _versions(trace: Trace) -> dict[str, str]:
    """The version of each service that took part, where its segment has the annotation `version`."""
    versions: dict[str, set[str]] = {}
    for row in trace.rows:
        annotations = row.document.get("annotations")
        if isinstance(annotations, dict) and "version" in annotations:
            versions.setdefault(row.service, set()).add(str(annotations["version"]))
    return {service: ", ".join(sorted(names)) for service, names in sorted(versions.items())}


def _trace_id(text: str) -> str:
    trace_id = trace_id_of(text)
    if not trace_id:
        raise BadInput(
            f"{text[:200]!r} is no trace id: expected 1-5759e988-bd862e3fe1be46a994272793 or 32 hex digits"
        )
    return trace_id


def _waiting_page(trace_id: str) -> Any:
    """A page of status 202 that asks again in a second, TRIES times; raises NotFound after that."""
    tries = request.args.get("tries", "0")
    number = int(tries) if tries.isdigit() and len(tries) < 3 else 0
    if number >= TRIES:
        raise NotFound(f"Trace {trace_id} is not here. It was not sampled, is too old, or never was.")
    page = render_template("trace/waiting.html", trace_id=trace_id, number=number + 1)
    return page, 202, {"Refresh": f"1; url={url_for('trace.show', text=trace_id, tries=number + 1)}"}
