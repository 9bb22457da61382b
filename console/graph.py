"""A service graph of X-Ray's, as a map draws it: nodes with shares, rates and places, edges with numbers.

https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from console.layout import Point, layered

STATUSES = ("fault", "throttle", "error", "ok")  # worst first
TABLES = ("AWS::DynamoDB", "AWS::RDS", "Database::", "AWS::ElastiCache")
LABEL_CHARACTERS = 22


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a node or an edge counted: requests by status, seconds altogether, and a histogram."""

    total: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    histogram: tuple[tuple[float, int], ...] = ()  # (seconds, count)

    @property
    def mean_s(self) -> float | None:
        """Mean response time, where anything was counted."""
        return self.seconds / self.total if self.total else None

    @property
    def worst(self) -> str:
        """The worst status that occurred; "" when nothing was counted."""
        return next((status for status in STATUSES if self.by_status.get(status)), "")

    def arcs(self) -> list[tuple[str, float, float]]:
        """The ring: (status, length, offset) in percent of a circle, clockwise from the top."""
        arcs, begun = [], 0.0
        for status in reversed(STATUSES):
            share = 100 * self.by_status.get(status, 0) / max(1, sum(self.by_status.values()))
            if share:
                arcs.append((status, share, -begun))
                begun += share
        return arcs


@dataclass(frozen=True, slots=True)
class Node:
    """A service, a table, a client or a remote host."""

    key: str
    name: str
    type: str
    kind: str
    numbers: Numbers
    place: Point

    @property
    def label(self) -> str:
        """The name as it fits under its circle."""
        return self.name if len(self.name) <= LABEL_CHARACTERS else self.name[: LABEL_CHARACTERS - 1] + "…"


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from one node to another; the numbers are the caller's."""

    key: str
    source: Node
    target: Node
    numbers: Numbers
    points: list[Point]

    def path(self) -> str:
        """The way as an SVG path from rim to rim: straight pieces joined by curves."""
        start, *bends, end = self.points
        if self.source == self.target:
            x, y = start
            return f"M{x - 14:.1f} {y - 34:.1f}c-36-56 64-56 28 0"
        way = [_towards(start, (bends or [end])[0], 38), *bends, _towards(end, (bends or [start])[-1], 46)]
        d = f"M{way[0][0]:.1f} {way[0][1]:.1f}"
        for before, after in pairwise(way):
            middle = (before[0] + after[0]) / 2
            d += f"C{middle:.1f} {before[1]:.1f} {middle:.1f} {after[1]:.1f} {after[0]:.1f} {after[1]:.1f}"
        return d

    @property
    def middle(self) -> Point:
        """Where its numbers are written."""
        if self.source == self.target:
            return self.points[0][0], self.points[0][1] - 82
        half = len(self.points) // 2
        (x1, y1), (x2, y2) = self.points[half - 1], self.points[half]
        return (x1 + x2) / 2, (y1 + y2) / 2


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole map; width and height in pixels."""

    nodes: list[Node]
    edges: list[Edge]
    width: float
    height: float

    def node(self, key: str) -> Node | None:
        """The node of that key."""
        return next((node for node in self.nodes if node.key == key), None)

    def edge(self, key: str) -> Edge | None:
        """The edge of that key."""
        return next((edge for edge in self.edges if edge.key == key), None)


def graph_of(services: Iterable[Mapping[str, Any]]) -> Graph:
    """Lay out `Services` as GetServiceGraph and GetTraceGraph answer them."""
    ordered = sorted(services, key=lambda one: (one.get("Name", ""), one.get("Type") or ""))
    index = {one["ReferenceId"]: number for number, one in enumerate(ordered)}
    calls = [
        (index[one["ReferenceId"]], index[edge["ReferenceId"]], edge)
        for one in ordered
        for edge in one.get("Edges", ())
        if edge.get("ReferenceId") in index
    ]
    placed = layered(len(ordered), [(start, end) for start, end, _ in calls])
    nodes = [_node(one, place) for one, place in zip(ordered, placed.places, strict=True)]
    edges: dict[str, Edge] = {}
    for start, end, edge in calls:
        key = f"{nodes[start].key}→{nodes[end].key}" + ("·link" if edge.get("EdgeType") == "link" else "")
        points = placed.paths[start, end]
        edges[key] = Edge(key, nodes[start], nodes[end], numbers_of(edge), points)
    return Graph(nodes, list(edges.values()), placed.width, placed.height)


def numbers_of(counted: Mapping[str, Any]) -> Numbers:
    """The statistics of a node or an edge."""
    summary = counted.get("SummaryStatistics") or {}
    errors, faults = summary.get("ErrorStatistics") or {}, summary.get("FaultStatistics") or {}
    throttled = errors.get("ThrottleCount", 0)
    by_status = {
        "ok": summary.get("OkCount", 0),
        "error": errors.get("TotalCount", 0) - throttled,
        "throttle": throttled,
        "fault": faults.get("TotalCount", 0),
    }
    histogram = tuple(
        sorted((bar["Value"], bar["Count"]) for bar in counted.get("ResponseTimeHistogram") or ())
    )
    return Numbers(summary.get("TotalCount", 0), by_status, summary.get("TotalResponseTime", 0.0), histogram)


def kind_of(node_type: str | None) -> str:
    """How a node is drawn: client, table, remote, aws or service."""
    if node_type in ("client", "remote"):
        return str(node_type)
    if (node_type or "").startswith(TABLES):
        return "table"
    own = (
        "AWS::ECS",
        "AWS::EC2",
        "AWS::EKS",
        "AWS::ElasticBeanstalk",
        "AWS::Lambda::Function",
        "AWS::AppRunner",
    )
    return (
        "aws"
        if (node_type or "").startswith("AWS::") and not (node_type or "").startswith(own)
        else "service"
    )


def _node(one: Mapping[str, Any], place: Point) -> Node:
    name, node_type = one.get("Name", ""), one.get("Type") or ""
    key = f"{name}~{node_type}" if node_type else name
    return Node(key, name, node_type, kind_of(node_type), numbers_of(one), place)


def _towards(start: Point, end: Point, length: float) -> Point:
    """The point of a node's rim on the side of `end`; edges leave and arrive sideways."""
    return start[0] + (length if end[0] >= start[0] else -length), start[1]
