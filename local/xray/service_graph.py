"""The service graph of a set of traces.

A node is a name and a type. A caller's edge has the caller's numbers: what it waited for, including the way.
https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from local.xray.segments import Document
from local.xray.statistics import Statistics
from local.xray.traces import Trace, node_of

Key = tuple[str, str | None]


@dataclass(slots=True)
class Edge:
    """Calls from one node to another, under the names that the caller used."""

    statistics: Statistics = field(default_factory=Statistics)
    aliases: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Node:
    """A service, a table, a foreign host or the client."""

    state: str
    is_root: bool = False
    statistics: Statistics = field(default_factory=Statistics)
    edges: dict[Key, Edge] = field(default_factory=dict)


def service_graph(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    """`Services` as the API answers them, ordered by name."""
    nodes: dict[Key, Node] = {}
    for trace in traces:
        start_s = trace.span()[0]
        for segment in trace.segments:
            _add_segment(nodes, trace, segment, start_s)
        for call in trace.calls:
            for callee in call.callees or ((call.inferred,) if call.inferred else ()):
                caller = node_of(call.caller)
                nodes.setdefault(caller, Node("active"))
                edge = nodes[caller].edges.setdefault(node_of(callee), Edge())
                edge.statistics.add(call.subsegment, start_s)
                if call.callees:
                    edge.aliases.add(str(call.subsegment["name"]))
                else:
                    _add_inferred(nodes, callee, start_s)
    return _answer(nodes)


def _add_segment(nodes: dict[Key, Node], trace: Trace, segment: Document, start_s: float) -> None:
    key = node_of(segment)
    node = nodes.setdefault(key, Node("active"))
    node.state = "active"
    node.statistics.add(segment, start_s)
    if segment.get("parent_id") is None:
        node.is_root = True
        client = nodes.setdefault((key[0], "client"), Node("unknown"))
        client.statistics.first_s = min(client.statistics.first_s, start_s)
        client.statistics.last_s = max(client.statistics.last_s, start_s)
        client.edges.setdefault(key, Edge()).statistics.add(segment, start_s)
    for child in trace.children.get(segment["id"], ()):  # called without a subsegment of its own
        nodes.setdefault(node_of(child), Node("active"))
        node.edges.setdefault(node_of(child), Edge()).statistics.add(child, start_s)


def _add_inferred(nodes: dict[Key, Node], inferred: Document, start_s: float) -> None:
    state = "unknown" if str(inferred.get("origin", "")).startswith("AWS::") else "passive"
    nodes.setdefault(node_of(inferred), Node(state)).statistics.add(inferred, start_s)


def _answer(nodes: dict[Key, Node]) -> list[dict[str, Any]]:
    ordered = sorted(nodes, key=lambda key: (key[0], key[1] or ""))
    references = {key: number for number, key in enumerate(ordered)}
    return [_service(key, nodes[key], references) for key in ordered]


def _service(key: Key, node: Node, references: dict[Key, int]) -> dict[str, Any]:
    name, kind = key
    service: dict[str, Any] = {
        "ReferenceId": references[key],
        "Name": name,
        "Names": [name],
        "Root": node.is_root or None,
        "Type": kind,
        "State": node.state,
        **node.statistics.times(),
        "Edges": [
            _edge(to, edge, references)
            for to, edge in sorted(node.edges.items(), key=lambda e: references[e[0]])
        ],
    }
    if kind != "client":
        bars = node.statistics.bars()
        service |= {
            "SummaryStatistics": node.statistics.summary(),
            "DurationHistogram": bars,
            "ResponseTimeHistogram": bars,
        }
    return service


def _edge(to: Key, edge: Edge, references: dict[Key, int]) -> dict[str, Any]:
    return {
        "ReferenceId": references[to],
        **edge.statistics.times(),
        "SummaryStatistics": edge.statistics.summary(),
        "ResponseTimeHistogram": edge.statistics.bars(),
        "Aliases": [{"Name": name, "Names": [name], "Type": "remote"} for name in sorted(edge.aliases)],
    }
