"""Which incident of a service was open at an instant, found in logarithmic time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from dora.records import Incident, by_opening


class OpenIncidents:
    """An index of one service's incidents by time."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self._ordered = sorted(incidents, key=by_opening)
        # for each position the position, up to it, of the incident that closed last
        self._closed_last = list(accumulate(range(len(self._ordered)), self._later_closed))

    def at(self, instant: float) -> Incident | None:
        """The incident that was open at an instant; of several, the one that closed last."""
        opened = bisect_right(self._ordered, instant, key=lambda incident: incident.opened_at)
        if not opened:
            return None
        incident = self._ordered[self._closed_last[opened - 1]]
        return incident if instant < _closed_at(incident) else None

    def first_between(self, start: float, end: float) -> Incident | None:
        """The first incident that opened between two instants, both included."""
        position = bisect_left(self._ordered, start, key=lambda incident: incident.opened_at)
        if position < len(self._ordered) and self._ordered[position].opened_at <= end:
            return self._ordered[position]
        return None

    def _later_closed(self, first: int, second: int) -> int:
        return second if _closed_at(self._ordered[second]) > _closed_at(self._ordered[first]) else first


def _closed_at(incident: Incident) -> float:
    return float("inf") if incident.closed_at is None else incident.closed_at
