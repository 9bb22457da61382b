"""Which deployments repair something, by five signals, and what they repair."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dora.lead_time import Carried
from dora.linking import Link, newest_live
from dora.messages import is_hotfix
from dora.open_incidents import OpenIncidents
from dora.parameters import Parameters
from dora.records import FAILED, STOPPED, Commit, Deployment
from dora.timeline import Timeline, exposed_at, lived_at

TRAILER, BRANCH, REVERT, REDEPLOYED, OPEN_INCIDENT = (
    "trailer",
    "hotfix branch",
    "revert",
    "older revision deployed again",
    "open incident",
)


class Signal(NamedTuple):
    """Why a deployment is rework; `repairs` is the deployment that so turns out to have failed, if any."""

    kind: str
    by: str
    repairs: str = ""
    is_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What signals are read from."""

    line: Timeline
    carried: Carried
    cause_of: dict[str, str]  # incident id → deployment id
    homes: Mapping[str, str]  # deployment or incident id → its service
    incidents: OpenIncidents
    parameters: Parameters


def known(
    line: Timeline,
    carried: Carried,
    links: Sequence[Link],
    homes: Mapping[str, str],
    parameters: Parameters,
) -> Known:
    """Gather what the signals are read from."""
    causes = {link.incident.id: link.deployment for link in links}
    incidents = OpenIncidents(link.incident for link in links)
    return Known(line, carried, causes, homes, incidents, parameters)


def signals(one: Deployment, about: Known) -> tuple[Signal, ...]:
    """Of one attempt that users saw, the strongest first."""
    commits = about.carried.by_deployment.get(one.id, ())
    return (
        *_trailers(one, commits, about),
        *_branch(one, commits, about),
        *_reverts(one, commits, about),
        *_redeployment(one, about),
        *_during_incident(one, about),
    )


def _trailers(one: Deployment, commits: Sequence[Commit], about: Known) -> list[Signal]:
    fixes = [*one.fixes, *(name for commit in commits if commit.fixes for name in commit.fixes)]
    ends = [*one.incidents, *(name for commit in commits if commit.incidents for name in commit.incidents)]
    found = [
        Signal(TRAILER, f"Fixes-Deployment: {name}", name if name in about.line.by_id else "")
        for name in dict.fromkeys(fixes)
        if _is_ours(name, about) and name != one.id
    ]
    found += [
        Signal(TRAILER, f"Incident: {name}", about.cause_of.get(name, ""))
        for name in dict.fromkeys(ends)
        if _is_ours(name, about)
    ]
    return found


def _is_ours(name: str, about: Known) -> bool:
    """A commit goes to several services; what repairs one of them is no rework of the others."""
    return about.homes.get(name, about.line.service) == about.line.service


def _branch(one: Deployment, commits: Sequence[Commit], about: Known) -> list[Signal]:
    branches = [one.branch, *(commit.branch for commit in commits if commit.branch)]
    name = next((branch for branch in branches if branch and is_hotfix(branch)), "")
    if not name:
        return []
    if about.parameters.link == "id":
        return [Signal(BRANCH, name)]
    at, limit_s = min(one.began_at, exposed_at(one)), about.parameters.link_limit_s
    repaired = _just_taken_back(about.line, at, limit_s) or newest_live(about.line, at, limit_s)
    return [Signal(BRANCH, name, repaired.id if repaired and repaired.id != one.id else "")]


def _just_taken_back(line: Timeline, at: float, limit_s: float) -> Deployment | None:
    """What users saw last, where it did not stay: that is repaired then, not the good one behind it."""
    number = bisect_right(line.exposed, at, key=exposed_at)
    one = line.exposed[number - 1] if number else None
    if one is None or exposed_at(one) < at - limit_s:
        return None
    is_back = one.status in (FAILED, STOPPED) or line.taken_back.get(one.id, (at + 1, ""))[0] <= at
    return one if is_back else None


def _reverts(one: Deployment, commits: Sequence[Commit], about: Known) -> list[Signal]:
    found = []
    for sha in dict.fromkeys(sha for commit in commits if commit.reverts for sha in commit.reverts):
        origin = about.carried.delivered_by.get(sha)
        if origin and lived_at(origin) < exposed_at(one):
            is_soon = one.began_at - lived_at(origin) <= about.parameters.link_limit_s
            found.append(Signal(REVERT, f"This reverts commit {sha}", origin.id if is_soon else ""))
    return found


def _redeployment(one: Deployment, about: Known) -> list[Signal]:
    replaced = about.line.redeployed_over.get(one.id)
    return [Signal(REDEPLOYED, one.revision, replaced)] if replaced else []


def _during_incident(one: Deployment, about: Known) -> list[Signal]:
    if about.parameters.link == "id":
        return []
    incident = about.incidents.at(one.began_at)
    if not incident or about.cause_of.get(incident.id) == one.id:
        return []
    return [Signal(OPEN_INCIDENT, incident.id, is_inferred=True)]
