"""Places a graph's nodes in layers, callers on the left. The only module that knows the layout library.

fast-sugiyama ends the whole process on a loop, so it gets a graph without any: an edge that closes a circle
is turned round for the layout and drawn in its own direction.
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
    """Where each node is, the way each edge takes, and how large it all is, in pixels."""

    places: list[Point]
    paths: dict[Pair, list[Point]]
    width: float
    height: float


def layered(count: int, edges: Sequence[Pair]) -> Layout:
    """Place nodes 0 … count-1; the same graph always looks the same."""
    forward = _without_circles(count, edges)
    places: dict[int, Point] = {}
    ways: dict[Pair, list[Point]] = {}
    top = 0.0
    drawings: Any = from_edges(forward, minimum_length=1, vertex_spacing=1) if forward else ()
    for positions, width, height, drawn in drawings:
        at = {name: ((height - y) * LAYER_PX, top + x * ROW_PX) for name, (x, y) in positions}
        places |= {name: at[name] for name in at if name < count}
        ways |= _ways(count, drawn, at)
        top += (width + 1) * ROW_PX
    for alone in (name for name in range(count) if name not in places):
        places[alone] = (0.0, top)
        top += ROW_PX
    return _framed([places[name] for name in range(count)], edges, ways)


def _framed(places: list[Point], edges: Iterable[Pair], ways: dict[Pair, list[Point]]) -> Layout:
    moved = [(x + MARGIN_PX, y + MARGIN_PX) for x, y in places]
    paths = {}
    for start, end in edges:
        way = ways.get((start, end)) or ways.get((end, start), [])[::-1]
        bends = [(x + MARGIN_PX, y + MARGIN_PX) for x, y in way]
        paths[start, end] = [moved[start], *bends, moved[end]]
    width = max((x for x, _ in moved), default=0.0) + MARGIN_PX
    height = max((y for _, y in moved), default=0.0) + MARGIN_PX
    return Layout(moved, paths, width, height)


def _without_circles(count: int, edges: Iterable[Pair]) -> list[Pair]:
    """Each pair once, and no way leads back: depth first, an edge to an ancestor is turned round."""
    below: dict[int, list[int]] = {name: [] for name in range(count)}
    for start, end in sorted({pair for pair in edges if pair[0] != pair[1]}):
        below[start].append(end)
    done: set[int] = set()
    above: set[int] = set()
    found: set[Pair] = set()
    for root in sorted(range(count), key=lambda name: any(name in ends for ends in below.values())):
        stack = [(root, iter(below[root]))] if root not in done else []
        above.update([root] if stack else [])
        while stack:
            name, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                above.discard(name)
                done.add(name)
                continue
            found.add((child, name) if child in above else (name, child))
            if child not in done and child not in above:
                above.add(child)
                stack.append((child, iter(below[child])))
    return sorted(found)


def _ways(count: int, drawn: Iterable[Pair], at: dict[int, Point]) -> dict[Pair, list[Point]]:
    """The bends of the edges that cross a layer: the library puts a node of its own into each."""
    after: dict[int, list[int]] = {}
    for start, end in drawn:
        after.setdefault(start, []).append(end)
    ways: dict[Pair, list[Point]] = {}
    for start in (name for name in after if name < count):
        for following in after[start]:
            bends, step = [], following
            while step >= count:
                bends.append(at[step])
                step = after[step][0]
            ways[start, step] = bends
    return ways
