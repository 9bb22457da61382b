"""What users saw of the old and of the new version: requests, failures and response times by endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.shared import filter_expressions
from console.shared.aws import Aws
from console.traces.summaries import (
    Summary,
    by_endpoint,
    newest_summaries,
    percentile,
    response_s,
    summary_status,
)

FEW = 20  # requests of a version, below which a difference says nothing
LISTED = 500  # newest traces of each version
AROUND_S = 600.0  # before the deployment's start and after its end


@dataclass(frozen=True, slots=True)
class Side:
    """The requests of one version at one endpoint."""

    total: int
    faults: int
    p50_s: float
    p95_s: float

    @property
    def fault_percent(self) -> float:
        """The share that was answered by 5xx."""
        return 100 * self.faults / self.total


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint before and after; a side is None without requests."""

    endpoint: str
    old: Side | None
    new: Side | None

    @property
    def is_too_few(self) -> bool:
        """Whether a difference between the sides says nothing."""
        return min(side.total if side else 0 for side in (self.old, self.new)) < FEW

    @property
    def p95_change_s(self) -> float:
        """How much longer the new version's p95 is, in seconds."""
        return self.new.p95_s - self.old.p95_s if self.old and self.new else 0.0

    @property
    def fault_change(self) -> float:
        """How many percentage points more of the new version's requests failed."""
        return self.new.fault_percent - self.old.fault_percent if self.old and self.new else 0.0


def before_and_after(
    aws: Aws, service: str, versions: dict[str, str], span: tuple[float, float]
) -> list[Row]:
    """Return a row for each endpoint of both versions' newest traces; none unless both are known.

    `versions` has "blue" and "green", `span` the deployment's start and end. Raises AwsError.
    """
    if len(versions) < 2 or versions["blue"] == versions["green"]:
        return []
    around = (span[0] - AROUND_S, span[1] + AROUND_S)
    sides = {
        side: newest_summaries(aws, filter_expressions.version(version, service), around, LISTED)[0]
        for side, version in versions.items()
    }
    return rows(sides["blue"], sides["green"])


def rows(old: Sequence[Summary], new: Sequence[Summary]) -> list[Row]:
    """Return the endpoints of both sides: first those that can be compared, the most frequent first."""
    before, after = by_endpoint(old), by_endpoint(new)
    table = [
        Row(endpoint, _side(before.get(endpoint, ())), _side(after.get(endpoint, ())))
        for endpoint in dict.fromkeys((*before, *after))
    ]
    return sorted(
        table, key=lambda row: (row.is_too_few, -sum(side.total for side in (row.old, row.new) if side))
    )


def _side(summaries: Sequence[Summary]) -> Side | None:
    if not summaries:
        return None
    seconds = sorted(map(response_s, summaries))
    faults = sum(summary_status(summary) == "fault" for summary in summaries)
    return Side(len(summaries), faults, percentile(seconds, 50), percentile(seconds, 95))
