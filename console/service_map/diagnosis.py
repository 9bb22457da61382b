"""Where failures begin: the node that faults without a failing callee; its callers only pass the fault on."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.service_map.graph import Edge, Graph, Node

LEAST_SHARE = 0.1  # of a node's faults; below that they are other nodes' faults, counted at another moment
MOST_ORIGINS = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """A node at which requests fail, how many of its requests, and the nodes that pass those faults on."""

    node: Node
    faults: int
    total: int
    passed_on_by: list[str]

    @property
    def percent(self) -> float:
        """The share of its requests that fail at this node itself."""
        return 100 * self.faults / max(1, self.total)

    @property
    def place(self) -> str:
        """Where in it they fail, in words."""
        return "in its own code" if self.node.kind == "service" else "there"


def origins_of(graph: Graph) -> list[Origin]:
    """Return the nodes at which faults begin, the one with most of them first."""
    origins = []
    for node in graph.nodes:
        faults = node.numbers.by_status.get("fault", 0)
        own = max(0, faults - sum(_faults(edge) for edge in _calls_of(graph, node)))
        if node.kind != "client" and own and own >= LEAST_SHARE * faults:
            origins.append(Origin(node, own, node.numbers.total, _passing_on(graph, node)))
    return sorted(origins, key=lambda origin: -origin.faults)[:MOST_ORIGINS]


def slowest_of(graph: Graph) -> tuple[Node, float] | None:
    """Return the node whose own time is the largest part of all nodes' own time, and that part."""
    own_s = {
        node.key: max(
            0.0, node.numbers.seconds - sum(edge.numbers.seconds for edge in _calls_of(graph, node))
        )
        for node in graph.nodes
        if node.kind != "client"
    }
    total_s = sum(own_s.values())
    slowest = max(graph.nodes, key=lambda node: own_s.get(node.key, 0.0), default=None)
    return (slowest, own_s.get(slowest.key, 0.0) / total_s) if slowest and total_s else None


def _passing_on(graph: Graph, origin: Node) -> list[str]:
    """The services between the origin and the clients along whose calls faults came back, nearest first."""
    names: list[str] = []
    reached, waiting = {origin.key}, [origin.key]
    while waiting:
        key = waiting.pop(0)
        for edge in graph.edges:
            source = edge.source
            if edge.target.key == key and source.key not in reached and _faults(edge):
                reached.add(source.key)
                waiting.append(source.key)
                if source.kind != "client":
                    names.append(source.name)
    return names


def _calls_of(graph: Graph, node: Node) -> Iterable[Edge]:
    return (edge for edge in graph.edges if edge.source.key == node.key and edge.target.key != node.key)


def _faults(edge: Edge) -> int:
    return edge.numbers.by_status.get("fault", 0)
