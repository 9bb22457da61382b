"""Finds the traces that an expression matches: the index gives candidates, each is assembled and matched."""

from collections.abc import Callable, Iterable, Iterator

from local.xray.filters.expressions import Expression
from local.xray.filters.index_conditions import index_condition
from local.xray.filters.matching import Groups, matches
from local.xray.segments import StoredTrace, end_time_of
from local.xray.storage.reader import BEGINNING, Clock, Position
from local.xray.storage.store import Store
from local.xray.traces import Trace

CHUNK = 500  # candidates that are read from the index at once


class Search:
    """Searches `store`; `assemble` makes traces of stored ones, `groups` finds the expression of a group."""

    def __init__(
        self, store: Store, assemble: Callable[[Iterable[StoredTrace]], Iterable[Trace]], groups: Groups
    ) -> None:
        self._store, self._assemble, self._groups = store, assemble, groups

    def candidates(
        self,
        expression: Expression,
        clock: Clock,
        start_s: float,
        end_s: float,
        after: Position = BEGINNING,
    ) -> Iterator[tuple[Position, Trace | None]]:
        """Each trace in the range [start, end) that the index does not exclude, in the order of `clock`.

        Yields its position, and the trace if the expression matches it; from behind the position `after` on.
        """
        self._store.writer.index_now()
        condition = index_condition(expression)
        while True:
            positions = self._store.reader.candidates(
                clock, start_s, end_s, condition.sql, condition.parameters, after, CHUNK
            )
            for position in positions:
                trace = next(iter(self._assemble(self._store.reader.traces([position[1]]))), None)
                is_match = trace is not None and (
                    (clock != "Service" or _has_end_in(trace, start_s, end_s))
                    and (condition.is_exact or matches(expression, trace, self._groups))
                )
                yield position, trace if is_match else None
            if len(positions) < CHUNK:
                return
            after = positions[-1]

    def traces(self, expression: Expression, clock: Clock, start_s: float, end_s: float) -> Iterator[Trace]:
        """Every matching trace in the range."""
        return (trace for _, trace in self.candidates(expression, clock, start_s, end_s) if trace)


def _has_end_in(trace: Trace, start_s: float, end_s: float) -> bool:
    """Whether a segment ended in the range."""
    ends = (end_time_of(segment) for segment in trace.segments)
    return any(end is not None and start_s <= end < end_s for end in ends)
