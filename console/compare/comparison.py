"""Two traces beside each other: rows at the same place of both call trees are one line."""

from collections import Counter
from dataclasses import dataclass

from console.trace.waterfall import Row, Trace

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same call in both traces, or in one of them only."""

    name: str
    depth: int
    left: Row | None
    right: Row | None

    @property
    def difference_s(self) -> float | None:
        """How many seconds longer the call took in the right trace; None unless it ended in both."""
        if not self.left or not self.right or self.left.duration_s is None or self.right.duration_s is None:
            return None
        return self.right.duration_s - self.left.duration_s


def compare(left: Trace, right: Trace) -> list[Pair]:
    """Return the lines in the left trace's order; a call that only the right has follows its predecessor."""
    left_rows, right_rows = _rows_by_path(left), _rows_by_path(right)
    order = list(left_rows)
    previous: Path | None = None
    for path in right_rows:
        if path not in left_rows:
            order.insert(order.index(previous) + 1 if previous else 0, path)
        previous = path
    return [_pair(left_rows.get(path), right_rows.get(path)) for path in order]


def _pair(left: Row | None, right: Row | None) -> Pair:
    row = left or right
    assert row is not None  # noqa: S101  every path is in one of the traces
    return Pair(row.name, row.depth, left, right)


def _rows_by_path(trace: Trace) -> dict[Path, Row]:
    """Each row by the names from its root down to it, numbered where siblings have the same name."""
    rows: dict[Path, Row] = {}
    path: list[str] = []
    siblings: Counter[Path] = Counter()
    for row in trace.rows:
        del path[row.depth :]
        named = (*path, row.name)
        siblings[named] += 1
        path.append(f"{row.name}#{siblings[named]}")
        rows[tuple(path)] = row
    return rows
