"""What stands below the map: worst endpoints, slowest traces, newest failures; and who the clients are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from console.shared import filter_expressions
from console.shared.aws import Aws
from console.shared.time_range import TimeRange
from console.traces.summaries import (
    Summary,
    by_endpoint,
    endpoint_filter,
    http,
    matching,
    newest_summaries,
    percentile,
    response_s,
    slower_than,
    started,
    summary_status,
)

SHOWN = 5
MILLISECOND_S = 0.001  # the least by which two summaries differ
BACKGROUND, SHOPPERS = "recovery", "shoppers"
AGENTS = (
    ("Python-urllib", "smoke test"),
    ("lantern-smoke-test", "smoke test"),
    ("HealthChecker", "health checks"),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint among the newest traces: its requests, how many failed, and how long they took."""

    name: str
    total: int
    by_status: Counter[str]
    p50_s: float
    p95_s: float
    expression: str  # of its traces

    @property
    def fault_percent(self) -> float:
        """The share of its requests that were answered by a fault."""
        return 100 * self.by_status["fault"] / self.total


@dataclass(frozen=True, slots=True)
class Overview:
    """What the newest traces of a range say, and of how many of them; `is_all` when there are no others."""

    endpoints: list[Endpoint]
    slowest: list[Summary]
    failed: list[Summary]
    clients: dict[str, str]  # by the name of the service that they call
    total: int
    is_all: bool


def overview_of(aws: Aws, span: TimeRange, group: str) -> Overview:
    """Ask X-Ray for the newest, the slowest and the newest failed traces; raises AwsError."""
    seconds = span.whole_seconds()
    expression = f"group.name = {filter_expressions.quoted(group)}" if group else ""
    newest, has_earlier = newest_summaries(aws, expression, seconds)
    failed = [summary for summary in newest if summary_status(summary) == "fault"][:SHOWN]
    ranked = sorted(newest, key=response_s, reverse=True)
    if has_earlier:
        if len(failed) < SHOWN:  # faults are rare, so that all of the range are few
            faults, _ = matching(aws, filter_expressions.all_of(expression, "fault"), seconds)
            failed = sorted(faults, key=started, reverse=True)[:SHOWN]
        # only those that took longer than the fifth: many traces may have taken exactly as long
        least_s = response_s(ranked[SHOWN - 1]) + MILLISECOND_S
        longer, _ = slower_than(aws, expression, seconds, "response", least_s)
        by_id = {summary["Id"]: summary for summary in (*ranked[:SHOWN], *longer)}
        ranked = sorted(by_id.values(), key=response_s, reverse=True)
    return Overview(
        endpoints=worst_endpoints(newest),
        slowest=ranked[:SHOWN],
        failed=failed,
        clients=client_names(newest),
        total=len(newest),
        is_all=not has_earlier,
    )


def worst_endpoints(summaries: Sequence[Summary]) -> list[Endpoint]:
    """Return the endpoints that fail most, then those that take longest."""
    endpoints = []
    for name, of_endpoint in by_endpoint(summaries).items():
        seconds = sorted(map(response_s, of_endpoint))
        share = partial(percentile, seconds)
        statuses = Counter(map(summary_status, of_endpoint))
        endpoints.append(
            Endpoint(name, len(of_endpoint), statuses, share(50), share(95), endpoint_filter(of_endpoint[0]))
        )
    return sorted(endpoints, key=lambda entry: (-entry.fault_percent, -entry.p95_s))[:SHOWN]


def client_names(summaries: Sequence[Summary]) -> dict[str, str]:
    """Return who calls each entry service from outside, by what its newest traces say of the client."""
    kinds: dict[str, Counter[str]] = {}
    for summary in summaries:
        entry = (summary.get("EntryPoint") or {}).get("Name", "")
        kinds.setdefault(entry, Counter())[_client_of(summary)] += 1
    return {entry: ", ".join(name for name, _ in names.most_common(2)) for entry, names in kinds.items()}


def _client_of(summary: Summary) -> str:
    if not http(summary, "HttpURL"):
        return BACKGROUND
    agent = str(http(summary, "UserAgent"))
    return next((name for beginning, name in AGENTS if agent.startswith(beginning)), SHOPPERS)
