"""What became of each attempt: ok, failed, blocked before users saw it, or still running."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dora.linking import Link
from dora.records import FAILED as DEPLOYMENT_FAILED
from dora.records import RUNNING as DEPLOYMENT_RUNNING
from dora.records import STOPPED, Commit, Deployment
from dora.rework import Signal
from dora.timeline import Timeline, exposed_at, lived_at

OK, FAILED, BLOCKED, RUNNING = "ok", "failed", "blocked", "running"
COUNTED = (OK, FAILED)


class Reason(NamedTuple):
    """Why a deployment failed: `kind` is attempt, incident, rollback or repair; `by` an id."""

    kind: str
    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt with its class. `at` decides which window it belongs to."""

    deployment: Deployment
    kind: str
    at: float
    reasons: tuple[Reason, ...] = ()
    rework: tuple[Signal, ...] = ()
    commits: tuple[Commit, ...] = ()  # that it brought to users, carried ones included

    @property
    def is_success(self) -> bool:
        """Whether tools that count successes only would count it."""
        return self.deployment.status not in (DEPLOYMENT_FAILED, STOPPED)


def attempt_class(one: Deployment) -> str:
    """What the attempt alone tells."""
    if one.is_delivered:
        return OK
    if one.status == DEPLOYMENT_RUNNING:
        return RUNNING
    return BLOCKED if one.exposed_at is None else FAILED


def counted_at(one: Deployment) -> float:
    """When all users had it; when the first did, where it did not get that far."""
    return lived_at(one) if one.is_delivered else exposed_at(one)


def reasons(
    line: Timeline, links: Iterable[Link], signals: Iterable[tuple[Deployment, Sequence[Signal]]]
) -> dict[str, list[Reason]]:
    """Why deployments failed, by id."""
    found: dict[str, list[Reason]] = {}
    for one in line.exposed:
        if attempt_class(one) == FAILED:
            words = f"{one.status} while users saw it{f': {one.error}' if one.error else ''}"
            found.setdefault(one.id, []).append(Reason("attempt", one.id, words))
    for link in links:
        if link.deployment:
            words = f"incident {link.incident.id}: {link.how}"
            found.setdefault(link.deployment, []).append(Reason("incident", link.incident.id, words))
    for target, (_, by) in line.taken_back.items():
        if by not in line.redeployed_over and (by or line.by_id[target].is_delivered):
            words = f"rolled back by {by}" if by else "production went back to the version before it"
            found.setdefault(target, []).append(Reason("rollback", by, words))
    for one, given in signals:
        for signal in given:
            if signal.repairs:
                words = f"repaired by {one.id} ({signal.kind}: {signal.by})"
                found.setdefault(signal.repairs, []).append(Reason("repair", one.id, words))
    return found


def judge(
    one: Deployment, why: Sequence[Reason], rework: Sequence[Signal], commits: tuple[Commit, ...]
) -> Judged:
    """The class that all of it gives. An attempt that users never saw is blocked, whatever names it."""
    kind = attempt_class(one)
    if kind == OK and why:
        kind = FAILED
    at = counted_at(one) if kind in COUNTED else one.started_at
    return Judged(one, kind, at, tuple(why) if kind == FAILED else (), tuple(rework), commits)
