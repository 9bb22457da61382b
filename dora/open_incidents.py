"""Which incident was open at an instant, in logarithmic time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from dora.records import Incident


class OpenIncidents:
    """Of one service."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self._ordered = sorted(incidents, key=lambda one: (one.opened_at, one.id))
        self._longest = list(accumulate(range(len(self._ordered)), self._longer))

    def at(self, instant: float) -> Incident | None:
        """Of those that were open, the one that stayed open for longest."""
        before = bisect_right(self._ordered, instant, key=lambda one: one.opened_at)
        if not before:
            return None
        found = self._ordered[self._longest[before - 1]]
        return found if instant < _closed_at(found) else None

    def first_between(self, start: float, end: float) -> Incident | None:
        """The first that opened then, both ends included."""
        after = bisect_left(self._ordered, start, key=lambda one: one.opened_at)
        if after < len(self._ordered) and self._ordered[after].opened_at <= end:
            return self._ordered[after]
        return None

    def _longer(self, one: int, other: int) -> int:
        return other if _closed_at(self._ordered[other]) > _closed_at(self._ordered[one]) else one


def _closed_at(incident: Incident) -> float:
    return float("inf") if incident.closed_at is None else incident.closed_at
