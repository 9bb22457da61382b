"""Finds the traces that an expression matches: the index gives candidates, each is assembled and matched."""

from collections.abc import Callable, Iterable, Iterator

from local.xray.filters.expressions import Expression
from local.xray.filters.index_conditions import index_condition
from local.xray.filters.matching import Groups, matches
from local.xray.segments import StoredTrace
from local.xray.storage.reader import BEGINNING, Position
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
        self, expression: Expression, start_s: float, end_s: float, after: Position = BEGINNING
    ) -> Iterator[tuple[Position, Trace | None]]:
        """Each trace in the range that the index does not exclude, oldest first, from behind `after` on.

        Yields its position, and the trace if the expression matches it.
        """
        self._store.writer.index_now()
        condition = index_condition(expression)
        while True:
            positions = self._store.reader.candidates(
                start_s, end_s, condition.sql, condition.parameters, after, CHUNK
            )
            for position in positions:
                yield position, self._matching(position[1], expression, is_exact=condition.is_exact)
            if len(positions) < CHUNK:
                return
            after = positions[-1]

    def traces(self, expression: Expression, start_s: float, end_s: float) -> Iterator[Trace]:
        """Every matching trace in the range, oldest first."""
        return (trace for _, trace in self.candidates(expression, start_s, end_s) if trace)

    def _matching(self, trace_id: str, expression: Expression, *, is_exact: bool) -> Trace | None:
        for trace in self._assemble(self._store.reader.traces([trace_id])):
            if is_exact or matches(expression, trace, self._groups):
                return trace
        return None
