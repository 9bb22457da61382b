"""The service map, and the panel of the node or edge that was clicked."""

from math import ceil
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for

from console import filters
from console.aws import aws
from console.errors import BadInput
from console.graph import STATUSES, Edge, Graph, Node, graph_of
from console.histogram import histogram
from console.pages import asked_range
from console.ranges import TimeRange

routes = Blueprint("service_map", __name__)


@routes.get("/map")
def show() -> str:
    """The graph of a range of time, of all traces or of a group's."""
    span, group = asked_range("5m"), request.args.get("group", "")
    graph = graph_of(_services(span, group))
    chosen = graph.node(request.args.get("node", "")) or graph.edge(request.args.get("edge", ""))
    return render_template(
        "map.html",
        graph=graph,
        span=span,
        group=group,
        groups=[one.get("GroupName", "") for one in aws().pages(aws().xray, "get_groups", "Groups")],
        chosen=chosen,
        is_edge=isinstance(chosen, Edge),
        statuses=STATUSES,
        histogram=histogram(chosen.numbers.histogram) if chosen else None,
        called=_neighbours(graph, chosen),
    )


@routes.get("/map/traces")
def view_traces() -> Any:
    """From the panel to the traces: ticked statuses and the brushed range become a filter expression."""
    span, arguments = asked_range("5m"), request.args
    statuses = [status for status in arguments.getlist("status") if status in STATUSES]
    least, most = (_milliseconds(name) for name in ("least_ms", "most_ms"))
    inner = filters.status_and_time(statuses, least, most)
    if "source" in arguments:
        ends = _named(arguments["source"]), _named(arguments.get("target", ""))
        expression = filters.edge(*ends, inner)
    else:
        expression = filters.node(*_named(arguments.get("node", "")), inner)
    if group := arguments.get("group"):
        expression = filters.both(f"group.name = {filters.quoted(group)}", expression)
    return redirect(f"{url_for('traces.show')}?{urlencode({'filter': expression, **span.asked})}")


def _services(span: TimeRange, group: str) -> list[Any]:
    asked: dict[str, Any] = {
        "StartTime": span.start_s,
        "EndTime": ceil(span.end_s),
    }  # boto3 sends whole seconds
    if group:
        asked["GroupName"] = group
    return list(aws().pages(aws().xray, "get_service_graph", "Services", **asked))


def _neighbours(graph: Graph, chosen: Node | Edge | None) -> list[Edge]:
    return [edge for edge in graph.edges if isinstance(chosen, Node) and chosen in (edge.source, edge.target)]


def _named(key: str) -> tuple[str, str]:
    name, _, node_type = key.rpartition("~") if "~" in key else (key, "", "")
    return name, node_type


def _milliseconds(name: str) -> float | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"{name}={text!r}: expected a number of milliseconds") from None
