"""The class of each attempt: ok, failed, blocked before users saw it, unknown, or still running."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dora.incident_links import IncidentLink
from dora.records import FAILED as DEPLOYMENT_FAILED
from dora.records import RUNNING as DEPLOYMENT_RUNNING
from dora.records import STOPPED, Commit, Deployment
from dora.rework import Signal
from dora.timeline import Timeline, exposed_at, lived_at

OK, FAILED, BLOCKED, UNKNOWN, RUNNING = "ok", "failed", "blocked", "unknown", "running"
COUNTED = (OK, FAILED)


class Reason(NamedTuple):
    """Why a deployment failed. `kind` is "attempt", "incident", "rollback" or "repair"; `by` is an id."""

    kind: str
    by: str
    words: str
    is_inferred: bool = False


@dataclass(frozen=True, slots=True)
class ClassifiedDeployment:
    """An attempt with its class; `at` is the instant that decides to which window it belongs."""

    deployment: Deployment
    kind: str
    at: float
    reasons: tuple[Reason, ...] = ()
    rework: tuple[Signal, ...] = ()
    commits: tuple[Commit, ...] = ()  # brought to users, those of earlier attempts included

    @property
    def is_success(self) -> bool:
        """Whether the attempt itself succeeded: what tools count that count successes only."""
        return self.deployment.status not in (DEPLOYMENT_FAILED, STOPPED)

    @property
    def is_inferred_failure(self) -> bool:
        """Whether only the time of an incident shows that it failed."""
        return bool(self.reasons) and all(reason.is_inferred for reason in self.reasons)


def class_of_attempt(deployment: Deployment) -> str:
    """The class by the attempt's own record, before incidents and repairs are considered."""
    if deployment.is_delivered:
        return OK
    if deployment.status == DEPLOYMENT_RUNNING:
        return RUNNING
    if deployment.exposed_at is not None:
        return FAILED
    return BLOCKED if deployment.never_exposed else UNKNOWN


def failure_reasons(
    line: Timeline,
    links: Iterable[IncidentLink],
    signals: Iterable[tuple[Deployment, Sequence[Signal]]],
) -> dict[str, list[Reason]]:
    """The reasons why deployments of a service failed, by deployment id."""
    reasons: dict[str, list[Reason]] = {}
    for deployment in line.exposed:
        if class_of_attempt(deployment) == FAILED:
            error = f": {deployment.error}" if deployment.error else ""
            reason = Reason("attempt", deployment.id, f"{deployment.status} while users saw it{error}")
            reasons.setdefault(deployment.id, []).append(reason)
    for link in links:
        if link.deployment:
            inferred = " (inferred)" if link.is_inferred else ""
            words = f"incident {link.incident.id}: {link.how}{inferred}"
            reason = Reason("incident", link.incident.id, words, link.is_inferred)
            reasons.setdefault(link.deployment, []).append(reason)
    for target, (_, by) in line.taken_back.items():
        if by not in line.redeployed_over and (by or line.by_id[target].is_delivered):
            words = f"rolled back by {by}" if by else "production went back to the version before it"
            reasons.setdefault(target, []).append(Reason("rollback", by, words))
    for deployment, its_signals in signals:
        for signal in its_signals:
            if signal.repairs:
                words = f"repaired by {deployment.id} ({signal.kind}: {signal.by})"
                reasons.setdefault(signal.repairs, []).append(Reason("repair", deployment.id, words))
    return reasons


def classify(
    deployment: Deployment,
    reasons: Sequence[Reason],
    rework: Sequence[Signal],
    commits: tuple[Commit, ...],
) -> ClassifiedDeployment:
    """The class that follows from all evidence. An attempt that users never saw stays blocked."""
    kind = class_of_attempt(deployment)
    if kind == OK and reasons:
        kind = FAILED
    at = deployment.started_at
    if kind in COUNTED:  # when all users had it; when the first did, where it did not get that far
        at = lived_at(deployment) if deployment.is_delivered else exposed_at(deployment)
    return ClassifiedDeployment(
        deployment, kind, at, tuple(reasons) if kind == FAILED else (), tuple(rework), commits
    )
