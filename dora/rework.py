"""Which deployments repair an earlier one, by five signals, and which deployment they repair."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dora.commit_messages import matches_branch
from dora.counting_rules import CountingRules
from dora.incident_links import IncidentLink
from dora.intervals import Intervals
from dora.lead_time import CarriedCommits
from dora.records import FAILED, STOPPED, Commit, Deployment, Incident
from dora.timeline import Timeline, exposed_at, lived_at

TRAILER, BRANCH, REVERT = "trailer", "hotfix branch", "revert"
REDEPLOYED, OPEN_INCIDENT = "older revision deployed again", "open incident"


class Signal(NamedTuple):
    """Why a deployment is rework; `repairs` is the id of the deployment that failed, or ""."""

    kind: str
    by: str
    repairs: str = ""
    is_inferred: bool = False


@dataclass(frozen=True, slots=True)
class ReworkEvidence:
    """What is known of a service when the signals of its deployments are read."""

    line: Timeline
    carried: CarriedCommits
    cause_of: dict[str, str]  # incident id → id of the deployment of this service that caused it, or ""
    services_of: Mapping[str, set[str]]  # deployment or incident id → the services that it concerns
    incidents: Intervals[Incident]  # of this service, or caused by it
    rules: CountingRules


def evidence(
    line: Timeline,
    carried: CarriedCommits,
    links: Iterable[IncidentLink],
    services_of: Mapping[str, set[str]],
    rules: CountingRules,
) -> ReworkEvidence:
    """Gather the evidence of one service; `links` are those of incidents that concern it."""
    links = list(links)
    causes = {link.incident.id: link.deployment for link in links}
    incidents = Intervals((link.incident for link in links), _opened_at, _closed_at)
    return ReworkEvidence(line, carried, causes, services_of, incidents, rules)


def signals(deployment: Deployment, known: ReworkEvidence) -> tuple[Signal, ...]:
    """The signals of one deployment that users saw, the strongest first."""
    commits = known.carried.by_deployment.get(deployment.id, ())
    return (
        *_trailers(deployment, commits, known),
        *_branch(deployment, commits, known),
        *_reverts(deployment, commits, known),
        *_redeployment(deployment, known),
        *_during_incident(deployment, known),
    )


def _trailers(deployment: Deployment, commits: Sequence[Commit], known: ReworkEvidence) -> list[Signal]:
    fixes = [*deployment.fixes, *(name for commit in commits for name in commit.fixes)]
    ends = [*deployment.incidents, *(name for commit in commits for name in commit.incidents)]
    signals_of_fixes = [
        Signal(TRAILER, f"Fixes-Deployment: {name}", name if name in known.line.by_id else "")
        for name in dict.fromkeys(fixes)
        if _is_of_this_service(name, known) and name != deployment.id
    ]
    signals_of_incidents = [
        Signal(TRAILER, f"Incident: {name}", known.cause_of.get(name, ""))
        for name in dict.fromkeys(ends)
        if _is_of_this_service(name, known)
    ]
    return signals_of_fixes + signals_of_incidents


def _is_of_this_service(name: str, known: ReworkEvidence) -> bool:
    """A commit goes to several services; a repair of one of them is no rework of the others."""
    return known.line.service in known.services_of.get(name, (known.line.service,))


def _branch(deployment: Deployment, commits: Sequence[Commit], known: ReworkEvidence) -> list[Signal]:
    branches = [deployment.branch, *(commit.branch for commit in commits if commit.branch)]
    name = next((name for name in branches if name and matches_branch(name, known.rules.hotfix_branches)), "")
    if not name:
        return []
    if known.rules.link == "id":
        return [Signal(BRANCH, name)]
    at, limit_s = min(deployment.began_at, exposed_at(deployment)), known.rules.link_limit_s
    repaired = _just_taken_back(known.line, at, limit_s) or known.line.newest_live(at, limit_s)
    return [Signal(BRANCH, name, repaired.id if repaired and repaired.id != deployment.id else "")]


def _just_taken_back(line: Timeline, at: float, limit_s: float) -> Deployment | None:
    """The last version that users saw, if it was taken back: a hotfix repairs that one."""
    position = bisect_right(line.exposed, at, key=exposed_at)
    last_seen = line.exposed[position - 1] if position else None
    if last_seen is None or exposed_at(last_seen) < at - limit_s:
        return None
    was_stopped = last_seen.status in (FAILED, STOPPED)
    is_taken_back = was_stopped or line.taken_back.get(last_seen.id, (at + 1, ""))[0] <= at
    return last_seen if is_taken_back else None


def _reverts(deployment: Deployment, commits: Sequence[Commit], known: ReworkEvidence) -> list[Signal]:
    reverts = []
    for sha in dict.fromkeys(sha for commit in commits for sha in commit.reverts):
        origin = known.carried.delivered_by.get(sha)
        if origin and lived_at(origin) < exposed_at(deployment):
            is_soon = deployment.began_at - lived_at(origin) <= known.rules.link_limit_s
            reverts.append(Signal(REVERT, f"This reverts commit {sha}", origin.id if is_soon else ""))
    return reverts


def _redeployment(deployment: Deployment, known: ReworkEvidence) -> list[Signal]:
    replaced = known.line.redeployed_over.get(deployment.id)
    return [Signal(REDEPLOYED, deployment.revision, replaced)] if replaced else []


def _during_incident(deployment: Deployment, known: ReworkEvidence) -> list[Signal]:
    if known.rules.link == "id":
        return []
    incident = known.incidents.newest_open(deployment.began_at)
    is_first = known.line.exposed[0].id == deployment.id  # so it has nothing to repair
    if not incident or is_first or known.cause_of.get(incident.id) == deployment.id:
        return []
    return [Signal(OPEN_INCIDENT, incident.id, is_inferred=True)]


def _opened_at(incident: Incident) -> float:
    return incident.opened_at


def _closed_at(incident: Incident) -> float:
    return float("inf") if incident.closed_at is None else incident.closed_at
