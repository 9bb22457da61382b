"""A service graph of X-Ray as the map draws it: nodes with a ring, edges with numbers, and places for both.

https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from console.service_map.labels import along, placed
from console.service_map.layout import Point, layered
from console.shared.status import WORST_FIRST
from console.shared.text import milliseconds, percent

TABLES = ("AWS::DynamoDB", "AWS::RDS", "Database::", "AWS::ElastiCache")
COMPUTE = (  # node types of the user's own services
    "AWS::ECS",
    "AWS::EC2",
    "AWS::EKS",
    "AWS::ElasticBeanstalk",
    "AWS::Lambda::Function",
    "AWS::AppRunner",
)
LABEL_CHARACTERS = 22


@dataclass(frozen=True, slots=True)
class Numbers:
    """The statistics of a node or an edge: request counts, total response time and its histogram."""

    total: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    histogram: tuple[tuple[float, int], ...] = ()  # (response time in seconds, requests), fastest first

    @property
    def mean_s(self) -> float | None:
        """Mean response time in seconds; None without requests."""
        return self.seconds / self.total if self.total else None

    @property
    def worst(self) -> str:
        """The worst status among the requests; "" without requests."""
        return next((status for status in WORST_FIRST if self.by_status.get(status)), "")

    def shares(self) -> list[tuple[str, str]]:
        """Return the statuses that are not ok with their share of the requests, the worst first."""
        return [(status, percent(self.by_status[status], self.total)) for status in self.failures()]

    def failures(self) -> list[str]:
        """Return the statuses among the requests that are not ok, the worst first."""
        return [status for status in WORST_FIRST[:-1] if self.by_status.get(status)]

    def arcs(self) -> list[tuple[str, float, float]]:
        """The arcs of the ring: (status, length, offset) in percent of a circle, clockwise from the top."""
        arcs, offset = [], 0.0
        for status in reversed(WORST_FIRST):
            share = 100 * self.by_status.get(status, 0) / max(1, sum(self.by_status.values()))
            if share:
                arcs.append((status, share, -offset))
                offset += share
        return arcs


@dataclass(frozen=True, slots=True)
class Node:
    """A service, a table, a client or a remote host; `key` is name~type, `place` its centre in pixels."""

    key: str
    name: str
    type: str
    kind: str
    numbers: Numbers
    place: Point
    title: str  # how pages call it: a client by who it is, not by whom it calls

    @property
    def label(self) -> str:
        """The title, shortened to fit under the circle."""
        return self.title if len(self.title) <= LABEL_CHARACTERS else self.title[: LABEL_CHARACTERS - 1] + "…"


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from one node to another, as the caller measured them."""

    key: str
    source: Node
    target: Node
    numbers: Numbers
    points: list[Point]
    middle: Point  # of the base line of its numbers

    @property
    def text(self) -> str:
        """Its numbers as the map writes them: calls and mean duration, or the share that failed."""
        return _words(self.numbers)

    def path(self) -> str:
        """The SVG path of the edge, from rim to rim, curved at its bends."""
        start, *bends, end = self.points
        if self.source == self.target:
            x, y = start
            return f"M{x - 14:.1f} {y - 34:.1f}c-36-56 64-56 28 0"
        points = [_rim(start, (bends or [end])[0], 38), *bends, _rim(end, (bends or [start])[-1], 46)]
        d = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for before, after in pairwise(points):
            middle = (before[0] + after[0]) / 2
            d += f"C{middle:.1f} {before[1]:.1f} {middle:.1f} {after[1]:.1f} {after[0]:.1f} {after[1]:.1f}"
        return d


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole map; width and height in pixels."""

    nodes: list[Node]
    edges: list[Edge]
    width: float
    height: float

    def node(self, key: str) -> Node | None:
        """Return the node with that key, or None."""
        return next((node for node in self.nodes if node.key == key), None)

    def edge(self, key: str) -> Edge | None:
        """Return the edge with that key, or None."""
        return next((edge for edge in self.edges if edge.key == key), None)


def graph_of(services: Iterable[Mapping[str, Any]], clients: Mapping[str, str] | None = None) -> Graph:
    """Lay out the `Services` that GetServiceGraph or GetTraceGraph answered.

    `clients` are the titles of the client nodes, by the name of the service that they call.
    """
    ordered = sorted(services, key=lambda service: (service.get("Name", ""), service.get("Type") or ""))
    index = {service["ReferenceId"]: number for number, service in enumerate(ordered)}
    calls = [
        (index[service["ReferenceId"]], index[edge["ReferenceId"]], edge)
        for service in ordered
        for edge in service.get("Edges", ())
        if edge.get("ReferenceId") in index
    ]
    layout = layered(len(ordered), [(start, end) for start, end, _ in calls])
    nodes = [
        _node(service, place, clients or {}) for service, place in zip(ordered, layout.places, strict=True)
    ]
    edges: dict[str, Edge] = {}
    numbers = [_numbers(edge) for _, _, edge in calls]
    middles = _middles(
        [layout.paths[start, end] for start, end, _ in calls],
        [_words(each) for each in numbers],
        layout.places,
    )
    for (start, end, edge), counted, middle in zip(calls, numbers, middles, strict=True):
        key = f"{nodes[start].key}→{nodes[end].key}" + ("·link" if edge.get("EdgeType") == "link" else "")
        edges[key] = Edge(key, nodes[start], nodes[end], counted, layout.paths[start, end], middle)
    return Graph(nodes, list(edges.values()), layout.width, layout.height)


def kind_of(node_type: str | None) -> str:
    """Return how a node of that X-Ray type is drawn: client, table, remote, aws or service."""
    node_type = node_type or ""
    if node_type in ("client", "remote"):
        return node_type
    if node_type.startswith(TABLES):
        return "table"
    return "aws" if node_type.startswith("AWS::") and not node_type.startswith(COMPUTE) else "service"


def _node(service: Mapping[str, Any], place: Point, clients: Mapping[str, str]) -> Node:
    name, node_type = service.get("Name", ""), service.get("Type") or ""
    key, kind = f"{name}~{node_type}" if node_type else name, kind_of(node_type)
    title = clients.get(name, f"callers of {name}") if kind == "client" else name
    return Node(key, name, node_type, kind, _numbers(service), place, title)


def _middles(paths: Sequence[list[Point]], texts: Sequence[str], places: Sequence[Point]) -> list[Point]:
    """Where the numbers of each edge are written; those of a call to itself above its node."""
    loops = [path[0] == path[-1] for path in paths]
    curves = [
        [(path[0][0], path[0][1] - 62)] if loop else along(path)
        for path, loop in zip(paths, loops, strict=True)
    ]
    return placed(curves, texts, places)


def _words(numbers: Numbers) -> str:
    if not numbers.total:
        return ""
    faults = numbers.by_status.get("fault", 0)
    failing = f" · {percent(faults, numbers.total)} fault" if faults else ""
    return f"{numbers.total}{failing}" if failing else f"{numbers.total} · {milliseconds(numbers.mean_s)}"


def _numbers(answer: Mapping[str, Any]) -> Numbers:
    """The statistics of one entry of `Services` or `Edges`; AWS counts throttled requests as errors too."""
    summary = answer.get("SummaryStatistics") or {}
    errors, faults = summary.get("ErrorStatistics") or {}, summary.get("FaultStatistics") or {}
    throttled = errors.get("ThrottleCount", 0)
    by_status = {
        "ok": summary.get("OkCount", 0),
        "error": errors.get("TotalCount", 0) - throttled,
        "throttle": throttled,
        "fault": faults.get("TotalCount", 0),
    }
    bars = answer.get("ResponseTimeHistogram") or ()
    histogram = tuple(sorted((bar["Value"], bar["Count"]) for bar in bars))
    return Numbers(summary.get("TotalCount", 0), by_status, summary.get("TotalResponseTime", 0.0), histogram)


def _rim(centre: Point, towards: Point, radius: float) -> Point:
    """The point of a node's rim at its left or right, whichever faces `towards`."""
    return centre[0] + (radius if towards[0] >= centre[0] else -radius), centre[1]
