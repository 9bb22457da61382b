"""What one trace adds to a service graph, as countable events.

A graph is the count of its events, so a hundred thousand traces are counted without being assembled again.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from local.xray.segments import Document, duration_of
from local.xray.status import PENDING, STATUSES, status_of
from local.xray.traces import Node, Trace, node_of

# starts of the first and the last trace that had a graph element, epoch seconds
StartRange = tuple[float, float]


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


ReceivedEvent = tuple[float, GraphEvent]  # the time of receipt of the document that tells the event


def events_of(trace: Trace, links: Iterable[tuple[Node, Document]] = ()) -> Iterator[ReceivedEvent]:
    """The events of a trace; `links` are nodes of other traces, each with the segment that links to it."""
    for segment in trace.segments:
        node, received_s = node_of(segment), trace.receipts[segment["id"]]
        yield received_s, _event(GraphElement("service", node), segment)
        if segment.get("parent_id") is None:
            yield received_s, _event(GraphElement("entry", node), segment)
        for child in trace.children.get(segment["id"], ()):  # called without a subsegment of its own
            edge = GraphElement("call", node, node_of(child))
            yield trace.receipts[child["id"]], _event(edge, child)
    for call in trace.calls:
        received_s = trace.receipts[call.subsegment["id"]]
        alias = str(call.subsegment["name"]) if call.callees else None
        if call.caller:
            for target in call.targets:
                edge = GraphElement("call", node_of(call.caller), node_of(target), alias)
                yield received_s, _event(edge, call.subsegment)
        if call.inferred:
            yield received_s, _event(GraphElement("inferred", node_of(call.inferred)), call.inferred)
    for producer, segment in links:
        link = GraphElement("link", producer, node_of(segment))
        yield trace.receipts[segment["id"]], _event(link, segment)


def _event(element: GraphElement, entity: Document) -> GraphEvent:
    took_s = duration_of(entity)
    if took_s is None:
        return GraphEvent(element, PENDING, 0)
    return GraphEvent(element, STATUSES.index(status_of(entity)), round(max(0.0, took_s) * 1000))
