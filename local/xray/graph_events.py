"""What one trace adds to a service graph, as countable events.

A graph is the count of its events, so a hundred thousand traces are counted without being assembled again.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from local.xray.segments import Document, duration_of
from local.xray.status import PENDING, STATUSES, status_of
from local.xray.traces import Node, Trace, node_of

StartRange = tuple[
    float, float
]  # starts of the first and the last trace that had a graph element, epoch seconds


class GraphElement(NamedTuple):
    """A node or an edge of the service graph.

    `service` and `inferred` are nodes. `entry` is the edge from a client to the node that it calls, `call`
    any other edge within a trace, `link` an edge from another trace. `alias` is the name that a caller used
    for a callee which has a segment of its own.
    """

    kind: Literal["service", "inferred", "entry", "call", "link"]
    node: Node
    callee: Node | None = None
    alias: str | None = None


class GraphEvent(NamedTuple):
    """One request at a node or over an edge. `status` is an index into STATUSES, or PENDING."""

    element: GraphElement
    status: int
    took_ms: int


def events_of(trace: Trace, links: Iterable[tuple[Node, Document]] = ()) -> list[GraphEvent]:
    """The events of a trace; `links` are nodes of other traces, each with the segment that links to it."""
    linked = [
        _event(GraphElement("link", producer, node_of(segment)), segment) for producer, segment in links
    ]
    return [*_events(trace), *linked]


def _events(trace: Trace) -> Iterator[GraphEvent]:
    for segment in trace.segments:
        node = node_of(segment)
        yield _event(GraphElement("service", node), segment)
        if segment.get("parent_id") is None:
            yield _event(GraphElement("entry", node), segment)
        for child in trace.children.get(segment["id"], ()):  # called without a subsegment of its own
            yield _event(GraphElement("call", node, node_of(child)), child)
    for call in trace.calls:
        caller = node_of(call.caller)
        for callee in call.callees:
            edge = GraphElement("call", caller, node_of(callee), str(call.subsegment["name"]))
            yield _event(edge, call.subsegment)
        if call.inferred:
            yield _event(GraphElement("call", caller, node_of(call.inferred)), call.subsegment)
            yield _event(GraphElement("inferred", node_of(call.inferred)), call.inferred)


def _event(element: GraphElement, entity: Document) -> GraphEvent:
    took_s = duration_of(entity)
    if took_s is None:
        return GraphEvent(element, PENDING, 0)
    return GraphEvent(element, STATUSES.index(status_of(entity)), round(max(0.0, took_s) * 1000))
