"""Places a graph's nodes in layers, callers on the left. The only module that knows the layout library.

fast-sugiyama ends the whole process on a cycle, so it gets a graph without any: an edge that closes a cycle
is reversed for the layout and drawn in its own direction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fast_sugiyama import from_edges

LAYER_PX, ROW_PX, MARGIN_PX = 180.0, 120.0, 68.0

Point = tuple[float, float]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """The place of each node, the points of each edge, and the size of the picture, in pixels."""

    places: list[Point]
    paths: dict[Pair, list[Point]]
    width: float
    height: float


def layered(count: int, edges: Sequence[Pair]) -> Layout:
    """Place the nodes 0 … count-1; the same graph always gets the same layout."""
    forward = _without_cycles(count, edges)
    places: dict[int, Point] = {}
    bends: dict[Pair, list[Point]] = {}
    top = 0.0
    components: Any = from_edges(forward, minimum_length=1, vertex_spacing=1) if forward else ()
    for positions, width, height, segments in components:
        points = {node: ((height - y) * LAYER_PX, top + x * ROW_PX) for node, (x, y) in positions}
        places |= {node: point for node, point in points.items() if node < count}
        bends |= _bends(count, segments, points)
        top += (width + 1) * ROW_PX
    for isolated in (node for node in range(count) if node not in places):
        places[isolated] = (0.0, top)
        top += ROW_PX
    return _with_margins([places[node] for node in range(count)], edges, bends)


def _with_margins(places: list[Point], edges: Iterable[Pair], bends: dict[Pair, list[Point]]) -> Layout:
    moved = [(x + MARGIN_PX, y + MARGIN_PX) for x, y in places]
    paths = {}
    for start, end in edges:
        between = bends.get((start, end)) or bends.get((end, start), [])[::-1]
        paths[start, end] = [moved[start], *((x + MARGIN_PX, y + MARGIN_PX) for x, y in between), moved[end]]
    width = max((x for x, _ in moved), default=0.0) + MARGIN_PX
    height = max((y for _, y in moved), default=0.0) + MARGIN_PX
    return Layout(moved, paths, width, height)


def _without_cycles(count: int, edges: Iterable[Pair]) -> list[Pair]:
    """Each pair once, without cycles: depth first, an edge to an ancestor is reversed."""
    targets: dict[int, list[int]] = {node: [] for node in range(count)}
    for start, end in sorted({pair for pair in edges if pair[0] != pair[1]}):
        targets[start].append(end)
    done: set[int] = set()
    ancestors: set[int] = set()
    forward: set[Pair] = set()
    for root in sorted(range(count), key=lambda node: any(node in ends for ends in targets.values())):
        stack = [(root, iter(targets[root]))] if root not in done else []
        ancestors.update([root] if stack else [])
        while stack:
            node, remaining = stack[-1]
            child = next(remaining, None)
            if child is None:
                stack.pop()
                ancestors.discard(node)
                done.add(node)
                continue
            forward.add((child, node) if child in ancestors else (node, child))
            if child not in done and child not in ancestors:
                ancestors.add(child)
                stack.append((child, iter(targets[child])))
    return sorted(forward)


def _bends(count: int, segments: Iterable[Pair], points: dict[int, Point]) -> dict[Pair, list[Point]]:
    """The bends of edges that cross a layer: the library adds a node, numbered from `count`, for each."""
    following: dict[int, list[int]] = {}
    for start, end in segments:
        following.setdefault(start, []).append(end)
    bends: dict[Pair, list[Point]] = {}
    for start in (node for node in following if node < count):
        for node in following[start]:
            crossed, end = [], node
            while end >= count:
                crossed.append(points[end])
                end = following[end][0]
            bends[start, end] = crossed
    return bends
