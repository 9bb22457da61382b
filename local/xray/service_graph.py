"""The service graph, built from counted graph events.

A node is a name and a type. An edge has the caller's statistics: what the caller waited for.
https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.xray.graph_events import GraphElement, GraphEvent, StartRange, events_of
from local.xray.statistics import Statistics
from local.xray.traces import Node, Trace


@dataclass(slots=True)
class Edge:
    """Calls from one node to another, and the names that callers used for the other."""

    statistics: Statistics = field(default_factory=Statistics)
    aliases: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Vertex:
    """A service, a table, a foreign host or a client."""

    state: str = ""  # "active", "unknown" or "passive"; "" while it is known by name only
    is_root: bool = False
    statistics: Statistics = field(default_factory=Statistics)
    edges: dict[tuple[Node, str], Edge] = field(default_factory=dict)  # by callee and EdgeType


Counts = tuple[Mapping[GraphEvent, int], Mapping[GraphElement, StartRange]]


def trace_graph(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    """`Services` of these traces as GetTraceGraph answers them: without times."""
    return services(Counter(event for trace in traces for _, event in events_of(trace)), {})


def count_events(traces: Iterable[Trace], start_s: float, end_s: float) -> Counts:
    """The events of these traces that were received in the range, and the starts of their elements."""
    counts: Counter[GraphEvent] = Counter()
    starts: dict[GraphElement, StartRange] = {}
    for trace in traces:
        events = [event for received_s, event in events_of(trace) if start_s <= received_s < end_s]
        counts.update(events)
        for element in {event.element for event in events}:
            first_s, last_s = starts.get(element, (trace.start_s, trace.start_s))
            starts[element] = (min(first_s, trace.start_s), max(last_s, trace.start_s))
    return counts, starts


def services(
    counts: Mapping[GraphEvent, int], starts: Mapping[GraphElement, StartRange]
) -> list[dict[str, Any]]:
    """`Services` of counted events as the API answers them, by name; without `starts`, times are null."""
    vertices: dict[Node, Vertex] = {}
    for element, start_range in starts.items():
        for statistics in _statistics(vertices, element):
            statistics.extend(*start_range)
    for event, times in counts.items():
        _statistics(vertices, event.element)[-1].add(event.status, event.took_ms, times)
    ordered = sorted(vertices, key=lambda node: (node[0], node[1] or ""))
    references = {node: number for number, node in enumerate(ordered)}
    return [_service(node, vertices[node], references) for node in ordered]


def _statistics(vertices: dict[Node, Vertex], element: GraphElement) -> list[Statistics]:
    """The statistics of an element and, for an edge, first those of its ends; adds what is missing.

    Requests count on the last: a client has no statistics but those of its edge.
    """
    vertex = vertices.setdefault(element.node, Vertex())
    if element.kind == "service":
        vertex.state = "active"
        return [vertex.statistics]
    if element.kind == "inferred":
        is_aws = str(element.node[1]).startswith("AWS::")
        vertex.state = vertex.state or ("unknown" if is_aws else "passive")
        return [vertex.statistics]
    if element.kind == "entry":
        vertex.is_root = True
        client = vertices.setdefault((element.node[0], "client"), Vertex())
        client.state = "unknown"
        edge = client.edges.setdefault((element.node, ""), Edge())
        return [vertex.statistics, client.statistics, edge.statistics]
    callee = element.callee or element.node
    target = vertices.setdefault(callee, Vertex())
    edge = vertex.edges.setdefault((callee, "link" if element.kind == "link" else ""), Edge())
    if element.alias is not None:
        edge.aliases.add(element.alias)
    return [vertex.statistics, target.statistics, edge.statistics]


def _service(node: Node, vertex: Vertex, references: dict[Node, int]) -> dict[str, Any]:
    name, kind = node
    edges = sorted(vertex.edges.items(), key=lambda entry: (references[entry[0][0]], entry[0][1]))
    service: dict[str, Any] = {
        "ReferenceId": references[node],
        "Name": name,
        "Names": [name],
        "Root": vertex.is_root or None,
        "Type": kind,
        "State": vertex.state or "active",
        **vertex.statistics.times(),
        "Edges": [_edge(references[callee], edge_type, edge) for (callee, edge_type), edge in edges],
    }
    if kind != "client":
        histogram = vertex.statistics.histogram()
        service |= {
            "SummaryStatistics": vertex.statistics.summary(),
            "DurationHistogram": histogram,
            "ResponseTimeHistogram": histogram,
        }
    return service


def _edge(reference: int, edge_type: str, edge: Edge) -> dict[str, Any]:
    return {
        "ReferenceId": reference,
        **edge.statistics.times(),
        "SummaryStatistics": edge.statistics.summary(),
        "ResponseTimeHistogram": edge.statistics.histogram(),
        "EdgeType": edge_type or None,
        "Aliases": [{"Name": name, "Names": [name], "Type": "remote"} for name in sorted(edge.aliases)],
    }
