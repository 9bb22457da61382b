"""Finds a place for the numbers of each edge, where they cross no node, no other line and no numbers."""

from collections.abc import Sequence
from itertools import pairwise

from console.service_map.layout import Point

HEIGHT_PX, CHARACTER_PX = 14.0, 6.4
NODE_PX = (46.0, 46.0, 46.0, 76.0)  # a node's picture and name, to the left, above, to the right and below
TRIES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)  # places along the line
OFFSETS = (-7.0, 17.0, -16.0, 26.0)  # above and below it, of the text's base line
BESIDE_PX = 14.0
STEPS = 24  # points that stand for a line
OWN_LINE_COSTS, LINE_COSTS, LABEL_COSTS, NODE_COSTS = 1, 3, 20, 20

Box = tuple[float, float, float, float]  # left, top, right, bottom


def along(points: Sequence[Point]) -> list[Point]:
    """Return points of the curve through `points`, as Edge.path draws it."""
    curve: list[Point] = []
    for (x1, y1), (x2, y2) in pairwise(points):
        for step in range(STEPS + 1):
            t = step / STEPS
            ahead = 1.5 * t * (1 - t) + t**3  # of x; of y it is t²(3 - 2t)
            curve.append((x1 + (x2 - x1) * ahead, y1 + (y2 - y1) * t * t * (3 - 2 * t)))
    return curve


def placed(lines: Sequence[Sequence[Point]], texts: Sequence[str], nodes: Sequence[Point]) -> list[Point]:
    """Return the middle of each text's base line; `lines` are curves of `along`, "" needs no place."""
    taken: list[Box] = [(x - NODE_PX[0], y - NODE_PX[1], x + NODE_PX[2], y + NODE_PX[3]) for x, y in nodes]
    node_count = len(taken)
    places: list[Point] = []
    for number, (line, text) in enumerate(zip(lines, texts, strict=True)):
        others = [point for other, curve in enumerate(lines) if other != number for point in curve]
        best = min(
            _candidates(line, text),
            key=lambda place: _costs(_box(place, text), taken, node_count, line, others),
        )
        places.append(best)
        if text:
            taken.append(_box(best, text))
    return places


def _candidates(line: Sequence[Point], text: str) -> list[Point]:
    spots = [line[round(share * (len(line) - 1))] for share in TRIES]
    aside = len(text) * CHARACTER_PX / 2 + BESIDE_PX
    above_and_below = [(x, y + offset) for x, y in spots for offset in OFFSETS]
    return above_and_below + [(x + side, y + 4) for x, y in spots for side in (-aside, aside)]


def _box(place: Point, text: str) -> Box:
    half = len(text) * CHARACTER_PX / 2
    return place[0] - half, place[1] - HEIGHT_PX + 3, place[0] + half, place[1] + 3


def _costs(
    box: Box, taken: Sequence[Box], nodes: int, own: Sequence[Point], others: Sequence[Point]
) -> float:
    overlaps = [_overlap(box, other) for other in taken]
    return (
        NODE_COSTS * sum(overlaps[:nodes])
        + LABEL_COSTS * sum(overlaps[nodes:])
        + OWN_LINE_COSTS * sum(_holds(box, point) for point in own)
        + LINE_COSTS * sum(_holds(box, point) for point in others)
    )


def _overlap(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _holds(box: Box, point: Point) -> bool:
    return box[0] - 2 < point[0] < box[2] + 2 and box[1] < point[1] < box[3]
