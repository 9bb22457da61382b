"""Reads the newest entries of an API that lists the oldest first: a short window, then earlier ones."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeVar

T = TypeVar("T")
FIRST_S, GROWTH = 5.0, 4.0

# (start, end) in epoch seconds → the window's entries, oldest first, and whether those are all of them
Read = Callable[[float, float], tuple[Sequence[T], bool]]


def newest(
    read: Read[T], start_s: float, end_s: float, count: int, step_s: float = 0.05
) -> tuple[list[T], bool]:
    """Return the last `count` entries before `end_s`, oldest first, and whether there may be earlier ones.

    A window whose answer is incomplete lacks its newest entries, so it is shortened and read again. A
    window's length is a multiple of `step_s`, for an API whose times are no finer.
    """
    entries: list[T] = []
    length_s, edge_s = FIRST_S, end_s
    while edge_s > start_s and len(entries) < count:
        length_s = step_s * ceil(length_s / step_s)
        since_s = max(start_s, edge_s - length_s)
        earlier, is_all = read(since_s, edge_s)
        if not is_all and length_s > step_s:
            length_s /= GROWTH
            continue
        entries[:0] = earlier
        edge_s = since_s
        # as long as the missing entries should need, were the earlier windows as dense as this one
        length_s *= min(GROWTH, max(1.0, 1.5 * (count - len(entries)) / len(earlier))) if earlier else GROWTH
    return entries[-count:], edge_s > start_s or len(entries) > count
