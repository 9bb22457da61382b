"""What an operation may use: the stored traces, the sampling rules, and who stores a new document."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from local.xray.expressions import Expression
from local.xray.matching import Everything
from local.xray.sampling import Sampling
from local.xray.segments import StoredTrace
from local.xray.store import Store
from local.xray.traces import Trace, assemble

CACHED_TRACES = 500


@dataclass(slots=True)
class Backend:
    """One local X-Ray, without its sockets."""

    store: Store
    sampling: Sampling

    def group(self, name: str) -> Expression | None:
        """What a group's traces have in common, by its name or ARN; None when there is no such group."""
        return Everything if "Default" in (name, name.split("/")[-2:][0]) else None

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
