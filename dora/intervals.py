"""Which of many intervals were open at an instant, found in logarithmic time."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Element = TypeVar("Element")
Instant = Callable[[Element], float]


class Intervals(Generic[Element]):
    """An index of elements by their begin and end (epoch seconds); an interval is open at [begin, end)."""

    def __init__(self, elements: Iterable[Element], begin: Instant[Element], end: Instant[Element]) -> None:
        self._ordered = sorted(elements, key=begin)
        self._begins = [begin(element) for element in self._ordered]
        self._size = 1 << len(self._ordered).bit_length()  # more leaves than elements
        # a binary tree over the ends, the leaves from _size on: each node has the latest end below it
        self._latest = [float("-inf")] * (2 * self._size)
        self._latest[self._size : self._size + len(self._ordered)] = [end(each) for each in self._ordered]
        for node in reversed(range(1, self._size)):
            self._latest[node] = max(self._latest[2 * node], self._latest[2 * node + 1])

    def newest_open(self, at: float) -> Element | None:
        """Of the intervals that were open at an instant, the one that began last."""
        return self.newest_overlapping(at, at)

    def newest_overlapping(self, start: float, end: float) -> Element | None:
        """Of the intervals that were open at any time between two instants, the one that began last."""
        position = self._last_open(bisect_right(self._begins, end), start)
        return None if position is None else self._ordered[position]

    def first_between(self, start: float, end: float) -> Element | None:
        """The first interval that began between two instants, both included."""
        position = bisect_left(self._begins, start)
        if position < len(self._ordered) and self._begins[position] <= end:
            return self._ordered[position]
        return None

    def _last_open(self, count: int, at: float) -> int | None:
        """The last of the first `count` positions whose end is later than `at`."""
        node = self._size + count  # the subtrees to the left of this leaf cover the first `count` positions
        while node > 1:
            if node & 1 and self._latest[node - 1] > at:
                node -= 1
                break
            node //= 2
        else:
            return None
        while node < self._size:
            node = 2 * node + (self._latest[2 * node + 1] > at)
        return node - self._size
