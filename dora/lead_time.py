"""Which commits each deployment brought to users, and how long each took from the commit to all users."""

from dataclasses import dataclass, field
from typing import NamedTuple

from dora.records import Commit, Deployment
from dora.timeline import Timeline, lived_at


class LeadTime(NamedTuple):
    """The lead time of one commit in seconds; `at` is when all users had it."""

    at: float
    seconds: float
    commit: Commit
    deployment: Deployment


@dataclass(slots=True)
class CarriedCommits:
    """The commits of a service's deployments, those of earlier attempts that did not go live included."""

    by_deployment: dict[str, tuple[Commit, ...]] = field(default_factory=dict)  # id → commits new to users
    delivered_by: dict[str, Deployment] = field(
        default_factory=dict
    )  # hash → first deployment that had it live
    leads: list[LeadTime] = field(default_factory=list)  # ordered by `at`
    backwards: list[LeadTime] = field(
        default_factory=list
    )  # committed after they were live: a clock is wrong


def carry(line: Timeline) -> CarriedCommits:
    """Commits of an attempt that did not go live wait for the next that does; the first has no lead time."""
    carried = CarriedCommits()
    waiting: dict[str, Commit] = {}
    first = ""
    for attempt in line.attempts:  # by their begin: an attempt does not contain what a later one brought
        if attempt.knows_all_commits:
            waiting = {}  # what an earlier attempt carried is among its commits, or was abandoned
        for commit in attempt.commits:
            if commit.sha not in carried.delivered_by:
                waiting.setdefault(commit.sha, commit)
        if attempt.exposed_at is not None and waiting:
            carried.by_deployment[attempt.id] = tuple(waiting.values())
        if attempt.is_delivered:
            carried.delivered_by.update(dict.fromkeys(waiting, attempt))
            first, waiting = first or attempt.id, {}
    for deployment in line.live:
        if deployment.id != first:
            _measure(carried, deployment)
    return carried


def _measure(carried: CarriedCommits, deployment: Deployment) -> None:
    at = lived_at(deployment)
    for commit in carried.by_deployment.get(deployment.id, ()):
        lead = LeadTime(at, at - commit.committed_at, commit, deployment)
        (carried.leads if lead.seconds >= 0 else carried.backwards).append(lead)
