"""Places a graph's nodes in layers, callers on the left. The only module that knows the layout library.

fast-sugiyama ends the whole process on a cycle, so it gets a graph without any: an edge that closes a cycle
is reversed for the layout and drawn in its own direction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fast_sugiyama import from_edges

LAYER_PX, ROW_PX, MARGIN_PX = 210.0, 128.0, 68.0

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
    for nodes in _components(count, forward):
        if len(nodes) == 1:
            places[nodes[0]] = (0.0, top)
            top += ROW_PX
            continue
        index = {node: number for number, node in enumerate(nodes)}
        drawing: Any = from_edges(
            [(index[start], index[end]) for start, end in forward if start in index],
            minimum_length=1,
            vertex_spacing=1,
        )
        for positions, width, height, segments in drawing:
            points = {number: ((height - y) * LAYER_PX, top + x * ROW_PX) for number, (x, y) in positions}
            places |= {node: points[number] for node, number in index.items()}
            bends |= _bends(nodes, segments, points)
            top += (width + 1) * ROW_PX
    return _with_margins([places[node] for node in range(count)], edges, bends)


def _components(count: int, edges: Iterable[Pair]) -> list[list[int]]:
    """The connected components, single nodes last.

    Each is laid out by itself, its nodes numbered from 0: the library numbers the nodes that it adds in a
    component after the component's own, whatever numbers the others have.
    """
    neighbours: dict[int, list[int]] = {node: [] for node in range(count)}
    for start, end in edges:
        neighbours[start].append(end)
        neighbours[end].append(start)
    components, reached = [], set[int]()
    for node in range(count):
        component, stack = set[int](), [node]
        while stack:
            if (following := stack.pop()) not in reached:
                reached.add(following)
                component.add(following)
                stack += neighbours[following]
        components += [sorted(component)] if component else []
    return sorted(components, key=lambda component: len(component) == 1)


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


def _bends(
    nodes: Sequence[int], segments: Iterable[Pair], points: dict[int, Point]
) -> dict[Pair, list[Point]]:
    """The bends of edges that cross a layer: the library adds a node there, numbered after the others."""
    following: dict[int, list[int]] = {}
    for start, end in segments:
        following.setdefault(start, []).append(end)
    bends: dict[Pair, list[Point]] = {}
    for start in (number for number in following if number < len(nodes)):
        for end in following[start]:
            crossed = []
            while end >= len(nodes):
                crossed.append(points[end])
                end = following[end][0]
            bends[nodes[start], nodes[end]] = crossed
    return bends
