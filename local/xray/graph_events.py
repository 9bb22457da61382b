"""What one trace adds to the service graph, as countable events.

An event is a place in the graph, how it ended, and how long it took in milliseconds. A graph is nothing but
counted events, so a hundred thousand traces are counted without being put together again.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from local.xray.segments import Document, end_of
from local.xray.statistics import OUTCOMES, PENDING, outcome
from local.xray.traces import Trace, node_of

Node = tuple[str, str | None]  # name and type


class Place(NamedTuple):
    """Where in the graph something is counted.

    `service` and `inferred` are nodes, `entry` is a client's edge to a root, `call` any other edge, with the
    name that the caller used where the callee has a segment of its own. `link` is an edge from another trace.
    """

    kind: Literal["service", "inferred", "entry", "call", "link"]
    node: Node
    callee: Node | None = None
    alias: str | None = None


class Event(NamedTuple):
    """One thing to count. `outcome` is an index into OUTCOMES, PENDING while it is in progress."""

    place: Place
    outcome: int
    took_ms: int


def events_of(trace: Trace, linked: Iterable[tuple[Node, Document]] = ()) -> list[Event]:
    """What `trace` adds to a graph; `linked` are nodes of other traces and the segments they led to."""
    links = [_event(Place("link", node, node_of(segment)), segment) for node, segment in linked]
    return [*_events(trace), *links]


def _events(trace: Trace) -> Iterator[Event]:
    for segment in trace.segments:
        node = node_of(segment)
        yield _event(Place("service", node), segment)
        if segment.get("parent_id") is None:
            yield _event(Place("entry", node), segment)
        for child in trace.children.get(segment["id"], ()):  # called without a subsegment of its own
            yield _event(Place("call", node, node_of(child)), child)
    for call in trace.calls:
        caller = node_of(call.caller)
        for callee in call.callees:
            yield _event(
                Place("call", caller, node_of(callee), str(call.subsegment["name"])), call.subsegment
            )
        if call.inferred and not call.callees:
            yield _event(Place("call", caller, node_of(call.inferred)), call.subsegment)
            yield _event(Place("inferred", node_of(call.inferred)), call.inferred)


def _event(place: Place, entity: Document) -> Event:
    end = end_of(entity)
    if end is None:
        return Event(place, PENDING, 0)
    took_ms = round(max(0.0, end - float(entity["start_time"])) * 1000)
    return Event(place, OUTCOMES.index(outcome(entity)), took_ms)
