"""GetTimeSeriesServiceStatistics: statistics over time, of all requests, a service or an edge."""

from collections.abc import Callable, Iterator
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.filters.expressions import EVERYTHING, Complex, NodePattern
from local.xray.filters.matching import node_matches
from local.xray.filters.parser import parse
from local.xray.graph_events import GraphEvent
from local.xray.time_ranges import time_range
from local.xray.time_series import PERIODS_S, time_series
from local.xray.traces import Node


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Statistics of the edge from clients to the root, or of what the EntitySelectorExpression selects."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    period_s = request.get("Period", PERIODS_S[0])
    if period_s not in PERIODS_S:
        raise InvalidRequestException(f"Time period must be one of {list(PERIODS_S)}")
    start_s, end_s = time_range(request)
    is_selected, is_edge = _selector(request.get("EntitySelectorExpression"))
    received = _events_received(request, start_s, end_s, backend)
    points = time_series(received, period_s, is_selected, is_edge=is_edge)
    return {"TimeSeriesServiceStatistics": points, "ContainsOldGroupVersions": False, "NextToken": None}


def _events_received(
    request: dict[str, Any], start_s: float, end_s: float, backend: Backend
) -> Iterator[tuple[float, list[GraphEvent]]]:
    """Time of receipt and events of each trace of the group that was received in the range."""
    expression = backend.groups.requested_expression(request)
    members = None
    if expression != EVERYTHING:
        traces = backend.search.traces(expression, "Receipt", start_s, end_s)
        members = {trace.trace_id for trace in traces}
    for trace_id, received_s, events in backend.store.reader.events_received(start_s, end_s):
        if members is None or trace_id in members:
            yield received_s, events


def _selector(text: str | None) -> tuple[Callable[[GraphEvent], bool], bool]:
    """Whether an event is selected, and whether the selector is about an edge."""
    if not text:
        return lambda event: event.element.kind == "entry", True
    match parse(text):
        case Complex("service", (node,), None):
            return lambda event: _is_node(event) and node_matches(node, event.element.node), False
        case Complex("edge", (caller, callee), None):
            return lambda event: _is_edge_between(event, caller, callee), True
    raise InvalidRequestException("The entity selector must be service(...) or edge(...) without a block")


def _is_node(event: GraphEvent) -> bool:
    return event.element.kind in ("service", "inferred")


def _is_edge_between(event: GraphEvent, caller: NodePattern, callee: NodePattern) -> bool:
    element = event.element
    ends: tuple[Node, Node | None] = (element.node, element.callee)
    if element.kind == "entry":
        ends = (element.node[0], "client"), element.node
    return ends[1] is not None and node_matches(caller, ends[0]) and node_matches(callee, ends[1])
