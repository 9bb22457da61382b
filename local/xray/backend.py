"""What an operation may use: the stored traces, the sampling rules, and who stores a new document."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from local.xray.configuration import Configuration
from local.xray.expressions import Expression
from local.xray.groups import Groups
from local.xray.matching import matches
from local.xray.retrieval import Retrievals
from local.xray.sampling import Sampling
from local.xray.search import condition
from local.xray.segments import StoredTrace
from local.xray.store import Store
from local.xray.tags import Tagging
from local.xray.traces import Trace, assemble

CACHED_TRACES = 500
CHUNK = 500


@dataclass
class Backend:
    """One local X-Ray, without its sockets."""

    store: Store
    sampling: Sampling
    retrievals: Retrievals = field(default_factory=Retrievals)

    @cached_property
    def configuration(self) -> Configuration:
        """What people set."""
        return Configuration(self.store)

    @cached_property
    def groups(self) -> Groups:
        """The groups, Default among them."""
        return Groups(self.configuration)

    @cached_property
    def tagging(self) -> Tagging:
        """The tags of groups and sampling rules."""
        return Tagging(self.configuration, self._exists)

    def _exists(self, arn: str) -> bool:
        rules = (record["SamplingRule"]["RuleARN"] for record in self.sampling.records())
        return arn in rules or any(arn == group["GroupARN"] for group in self.groups.all())

    def matching(self, span: tuple[float, float], expression: Expression) -> Iterator[Trace]:
        """Every trace of the range that the expression means, oldest first."""
        self.store.settle()
        narrow, after = condition(expression), (0.0, "")
        while chunk := self.store.candidates(span, after, narrow, CHUNK):
            for trace in self.assembled(self.store.traces(trace_id for _, trace_id in chunk)):
                if narrow.is_exact or matches(expression, trace, self.groups.expression):
                    yield trace
            after = chunk[-1]

    def assembled(self, stored: list[StoredTrace]) -> list[Trace]:
        """The traces of the stored ones, without those that hold nothing that can be shown."""
        return [trace for item in stored if (trace := _assembled(item)) and trace.documents]


_cache: OrderedDict[tuple[str, int], Trace] = OrderedDict()
_lock = Lock()


def _assembled(stored: StoredTrace) -> Trace:
    """Assembling is the dear part, and a trace changes only with its revision."""
    key = (stored.trace_id, stored.revision)
    with _lock:
        if trace := _cache.get(key):
            return trace
    trace = assemble(stored)
    with _lock:
        _cache[key] = trace
        while len(_cache) > CACHED_TRACES:
            _cache.popitem(last=False)
    return trace
