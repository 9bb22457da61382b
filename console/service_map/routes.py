"""The service map, and the panel of the node or edge that was clicked."""

from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.service_map.diagnosis import origins_of, slowest_of
from console.service_map.graph import Edge, Graph, Node, graph_of
from console.service_map.histogram import histogram
from console.service_map.overview import Overview, overview_of
from console.shared import filter_expressions, status
from console.shared.aws import aws
from console.shared.errors import BadInput
from console.shared.pages import requested_range
from console.shared.time_range import TimeRange
from console.traces.summaries import endpoint_of, started, summary_status

routes = Blueprint("service_map", __name__)


@routes.get("/")
def home() -> Any:
    """Redirect to the map: it is the console's first page."""
    return redirect(url_for("service_map.show"))


@routes.get("/map")
def show() -> str:
    """Show the graph of a time range, of all traces or a `group`'s; `node` or `edge` opens a panel."""
    span, group = requested_range(), request.args.get("group", "")
    client = aws()
    pending = client.start_attempt(partial(overview_of, client, span, group), _nothing)
    services = _services(span, group)
    overview, _ = pending.result()
    graph = graph_of(services, overview.clients if overview else None)
    chosen = graph.node(request.args.get("node", "")) or graph.edge(request.args.get("edge", ""))
    return render_template(
        "service_map/map.html",
        graph=graph,
        overview=overview,
        origins=origins_of(graph),
        slowest=slowest_of(graph),
        span=span,
        group=group,
        groups=[entry.get("GroupName", "") for entry in aws().pages("xray", "get_groups", "Groups")],
        chosen=chosen,
        is_edge=isinstance(chosen, Edge),
        statuses=status.WORST_FIRST,
        histogram=histogram(chosen.numbers.histogram) if chosen else None,
        calls=_calls(graph, chosen),
        started=started,
        endpoint_of=endpoint_of,
        summary_status=summary_status,
    )


@routes.get("/map/traces")
def view_traces() -> Any:
    """Redirect to the trace list, filtered by the panel's node or edge, statuses and response times."""
    span, arguments = requested_range(), request.args
    statuses = [name for name in arguments.getlist("status") if name in status.WORST_FIRST]
    least, most = (_milliseconds(name) for name in ("least_ms", "most_ms"))
    condition = filter_expressions.status_and_time(statuses, least, most)
    if "source" in arguments:
        ends = _name_and_type(arguments["source"]), _name_and_type(arguments.get("target", ""))
        expression = filter_expressions.edge(*ends, condition)
    else:
        expression = filter_expressions.node(*_name_and_type(arguments.get("node", "")), condition)
    if group := arguments.get("group"):
        expression = filter_expressions.all_of(f"group.name = {filter_expressions.quoted(group)}", expression)
    arguments_of_list: dict[str, Any] = {"filter": expression, **span.arguments}
    return redirect(url_for("traces.show", **arguments_of_list))


def _nothing() -> Overview | None:
    return None


def _services(span: TimeRange, group: str) -> list[Any]:
    start_s, end_s = span.whole_seconds()
    parameters: dict[str, Any] = {"StartTime": start_s, "EndTime": end_s}
    if group:
        parameters["GroupName"] = group
    return list(aws().pages("xray", "get_service_graph", "Services", **parameters))


def _calls(graph: Graph, chosen: Node | Edge | None) -> list[Edge]:
    """The edges from and to the chosen node."""
    return [edge for edge in graph.edges if isinstance(chosen, Node) and chosen in (edge.source, edge.target)]


def _name_and_type(key: str) -> tuple[str, str]:
    """A node's name and type out of its key; the type of an ordinary service is ""."""
    name, _, node_type = key.rpartition("~") if "~" in key else (key, "", "")
    return name, node_type


def _milliseconds(argument: str) -> float | None:
    text = request.args.get(argument, "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"{argument}={text!r}: expected a number of milliseconds") from None
