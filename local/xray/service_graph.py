"""The service graph of counted events.

A node is a name and a type. A caller's edge has the caller's numbers: what it waited for, including the way.
https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.xray.graph_events import Event, Node, Place, events_of
from local.xray.statistics import Statistics
from local.xray.traces import Trace

Span = tuple[float, float]  # first and last start of the traces in which a place was seen, epoch seconds


@dataclass(slots=True)
class Edge:
    """Calls from one node to another, under the names that the caller used."""

    statistics: Statistics = field(default_factory=Statistics)
    aliases: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Vertex:
    """A service, a table, a foreign host or the client."""

    state: str = ""  # active, unknown or passive; only called by name so far: active
    is_root: bool = False
    statistics: Statistics = field(default_factory=Statistics)
    edges: dict[tuple[Node, str], Edge] = field(
        default_factory=dict
    )  # by callee, and "link" for a linked trace


def service_graph(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    """`Services` of some traces as the API answers them, ordered by name."""
    counts: Counter[Event] = Counter()
    spans: dict[Place, Span] = {}
    for trace in traces:
        start_s = trace.span()[0]
        events = events_of(trace)
        counts.update(events)
        for place in {event.place for event in events}:
            first_s, last_s = spans.get(place, (start_s, start_s))
            spans[place] = (min(first_s, start_s), max(last_s, start_s))
    return graph_of(counts, spans)


def graph_of(counts: Mapping[Event, int], spans: Mapping[Place, Span]) -> list[dict[str, Any]]:
    """`Services` of counted events as the API answers them, ordered by name."""
    vertices: dict[Node, Vertex] = {}
    for place, span in spans.items():
        for statistics in _places(vertices, place):
            statistics.seen(*span)
    for event, times in counts.items():
        # a client has no numbers of its own: an entry counts on its edge alone
        _places(vertices, event.place)[-1].add(event.outcome, event.took_ms, times)
    return _answer(vertices)


def _places(vertices: dict[Node, Vertex], place: Place) -> list[Statistics]:
    """What a place stands for, the one that is counted last; makes what is not there yet."""
    if place.kind == "service":
        vertex = vertices.setdefault(place.node, Vertex())
        vertex.state = "active"
        return [vertex.statistics]
    if place.kind == "inferred":
        vertex = vertices.setdefault(place.node, Vertex())
        vertex.state = vertex.state or ("unknown" if str(place.node[1]).startswith("AWS::") else "passive")
        return [vertex.statistics]
    if place.kind == "entry":
        vertices.setdefault(place.node, Vertex()).is_root = True
        client = vertices.setdefault((place.node[0], "client"), Vertex())
        client.state = "unknown"
        return [client.statistics, client.edges.setdefault((place.node, ""), Edge()).statistics]
    callee, kind = place.callee or place.node, "link" if place.kind == "link" else ""
    vertices.setdefault(callee, Vertex())
    edge = vertices.setdefault(place.node, Vertex()).edges.setdefault((callee, kind), Edge())
    if place.alias is not None:
        edge.aliases.add(place.alias)
    return [edge.statistics]


def _answer(vertices: dict[Node, Vertex]) -> list[dict[str, Any]]:
    ordered = sorted(vertices, key=lambda node: (node[0], node[1] or ""))
    references = {node: number for number, node in enumerate(ordered)}
    return [_service(node, vertices[node], references) for node in ordered]


def _service(node: Node, vertex: Vertex, references: dict[Node, int]) -> dict[str, Any]:
    name, kind = node
    service: dict[str, Any] = {
        "ReferenceId": references[node],
        "Name": name,
        "Names": [name],
        "Root": vertex.is_root or None,
        "Type": kind,
        "State": vertex.state or "active",
        **vertex.statistics.times(),
        "Edges": [
            _edge(to, kind, edge, references)
            for (to, kind), edge in sorted(
                vertex.edges.items(), key=lambda item: (references[item[0][0]], item[0][1])
            )
        ],
    }
    if kind != "client":
        bars = vertex.statistics.bars()
        service |= {
            "SummaryStatistics": vertex.statistics.summary(),
            "DurationHistogram": bars,
            "ResponseTimeHistogram": bars,
        }
    return service


def _edge(to: Node, kind: str, edge: Edge, references: dict[Node, int]) -> dict[str, Any]:
    return {
        "ReferenceId": references[to],
        **edge.statistics.times(),
        "SummaryStatistics": edge.statistics.summary(),
        "ResponseTimeHistogram": edge.statistics.bars(),
        "EdgeType": kind or None,
        "Aliases": [{"Name": name, "Names": [name], "Type": "remote"} for name in sorted(edge.aliases)],
    }
