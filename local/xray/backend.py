"""The local X-Ray without its sockets: what the operations of the API work with."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from threading import Lock

from local.xray.configuration import Configuration
from local.xray.filters.search import Search
from local.xray.groups import Groups
from local.xray.retrieval import Retrievals
from local.xray.sampling_rules import SamplingRules
from local.xray.sampling_statistics import SamplingStatistics
from local.xray.sampling_targets import SamplingTargets
from local.xray.segments import StoredTrace
from local.xray.span_log import SpanLog
from local.xray.storage.store import Store
from local.xray.tags import Tagging
from local.xray.traces import Trace, assemble
from local.xray.transaction_search import TransactionSearch

CACHED_TRACES = 500


class Backend:
    """Everything that is built on one store."""

    def __init__(self, store: Store, span_log: SpanLog | None = None) -> None:
        self.store = store
        self.configuration = Configuration(store)
        self.groups = Groups(self.configuration)
        self.sampling_rules = SamplingRules(self.configuration)
        self.sampling_statistics = SamplingStatistics()
        self.sampling_targets = SamplingTargets(self.sampling_rules, self.sampling_statistics)
        self.tagging = Tagging(self.configuration, self._exists)
        self.retrievals = Retrievals()
        self.transaction_search = TransactionSearch(
            self.configuration, store.writer, span_log or SpanLog(None)
        )
        self.search = Search(store, self.assembled, self.groups.expression)
        self._cache: OrderedDict[tuple[str, int], Trace] = OrderedDict()  # by trace id and revision
        self._cache_lock = Lock()

    def traces(self, trace_ids: Iterable[str]) -> list[Trace]:
        """The traces with these ids, in their order; unknown ones are skipped."""
        return list(self.assembled(self.store.reader.traces(trace_ids)))

    def retrieved_traces(self, token: str) -> list[Trace]:
        """The traces of a retrieval, none when it was cancelled. Raises ResourceNotFoundException."""
        retrieval = self.retrievals.get(token)
        if retrieval.status != "COMPLETE":
            return []
        return list(self.assembled(self.store.reader.traces(retrieval.trace_ids, is_retrieval=True)))

    def assembled(self, stored: Iterable[StoredTrace]) -> Iterator[Trace]:
        """The assembled traces; CACHED_TRACES of them are cached."""
        for stored_trace in stored:
            key = (stored_trace.trace_id, stored_trace.revision)
            with self._cache_lock:
                trace = self._cache.get(key)
            if trace is None:
                trace = assemble(stored_trace)
                with self._cache_lock:
                    self._cache[key] = trace
                    while len(self._cache) > CACHED_TRACES:
                        self._cache.popitem(last=False)
            yield trace

    def _exists(self, arn: str) -> bool:
        """Whether the ARN is that of a sampling rule or a group."""
        rules = (record["SamplingRule"]["RuleARN"] for record in self.sampling_rules.records())
        return arn in rules or any(arn == group["GroupARN"] for group in self.groups.all())
