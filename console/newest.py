"""The newest of what an API lists oldest first: look at a short while before the end, then further back."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeVar

T = TypeVar("T")
FIRST_S, GROWTH = 5.0, 4.0

# (start, end) → what is in it, oldest first, and whether that is all of it
Look = Callable[[float, float], tuple[Sequence[T], bool]]


def newest(
    look: Look[T], start_s: float, end_s: float, wanted: int, step_s: float = 0.05
) -> tuple[list[T], bool]:
    """The last `wanted` items before `end_s`, oldest first, and whether there may be more before them.

    A look that is incomplete lacks its newest items, so its stretch is made shorter and looked at again.
    A stretch is a multiple of `step_s`, for an API that knows no finer times.
    """
    found: list[T] = []
    length_s, edge_s = FIRST_S, end_s
    while edge_s > start_s and len(found) < wanted:
        length_s = step_s * ceil(length_s / step_s)
        since_s = max(start_s, edge_s - length_s)
        items, is_all = look(since_s, edge_s)
        if not is_all and length_s > step_s:
            length_s /= GROWTH
            continue
        found[:0] = items
        edge_s = since_s
        # as far as the rest should need, were it as dense as this
        length_s *= min(GROWTH, max(1.0, 1.5 * (wanted - len(found)) / len(items))) if items else GROWTH
    return found[-wanted:], edge_s > start_s or len(found) > wanted
