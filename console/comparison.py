"""Two traces beside each other: rows that stand at the same place in the tree are one line."""

from collections import Counter
from dataclasses import dataclass

from console.trace import Row, Trace

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same call in both traces, or in one of them only."""

    name: str
    service: str
    depth: int
    left: Row | None
    right: Row | None

    @property
    def difference_s(self) -> float | None:
        """How much longer it took on the right."""
        if not self.left or not self.right or self.left.duration_s is None or self.right.duration_s is None:
            return None
        return self.right.duration_s - self.left.duration_s


def compare(left: Trace, right: Trace) -> list[Pair]:
    """Lines in the order of the left trace; what only the right one has follows what it follows there."""
    lefts, rights = _placed(left), _placed(right)
    order = list(lefts)
    before: Place | None = None
    for place in rights:
        if place not in lefts:
            order.insert(order.index(before) + 1 if before else 0, place)
        before = place
    return [_pair(lefts.get(place), rights.get(place)) for place in order]


def _pair(left: Row | None, right: Row | None) -> Pair:
    row = left or right
    assert row is not None  # noqa: S101  every place is in one of them
    return Pair(row.name, row.service, row.depth, left, right)


def _placed(trace: Trace) -> dict[Place, Row]:
    """Each row by the names on the way to it, numbered where siblings have the same name."""
    placed: dict[Place, Row] = {}
    way: list[str] = []
    seen: Counter[Place] = Counter()
    for row in trace.rows:
        del way[row.depth :]
        place = (*way, row.name)
        seen[place] += 1
        way.append(f"{row.name}#{seen[place]}")
        placed[tuple(way)] = row
    return placed
