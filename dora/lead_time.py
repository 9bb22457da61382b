"""Which commits each deployment brought to users, and how long each took from the commit to all users."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from dora.records import LISTED, RANGE, Commit, Deployment
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
    """Assign each commit to the first deployment that had it live, and measure its lead time.

    Commits of an attempt that did not go live wait for the next that does. The first deployment brings the
    whole past, so only commits that somebody listed have a lead time in it."""
    carried = CarriedCommits()
    waiting: dict[str, Commit] = {}
    listed: set[str] = set()
    first = ""
    for attempt in line.attempts:  # by their begin: an attempt does not contain what a later one brought
        if attempt.commits_are == RANGE:
            waiting = {}  # what an earlier attempt carried is among its commits, or was abandoned
        for commit in attempt.commits:
            if commit.sha not in carried.delivered_by:
                waiting.setdefault(commit.sha, commit)
                if attempt.commits_are == LISTED and not first:
                    listed.add(commit.sha)
        if attempt.exposed_at is not None and waiting:
            carried.by_deployment[attempt.id] = tuple(waiting.values())
        if attempt.is_delivered:
            carried.delivered_by.update(dict.fromkeys(waiting, attempt))
            first, waiting = first or attempt.id, {}
    for deployment in line.live:
        commits = carried.by_deployment.get(deployment.id, ())
        if deployment.id == first:
            commits = tuple(commit for commit in commits if commit.sha in listed)
        _measure(carried, deployment, commits)
    return carried


def _measure(carried: CarriedCommits, deployment: Deployment, commits: Iterable[Commit]) -> None:
    at = lived_at(deployment)
    for commit in commits:
        lead = LeadTime(at, at - commit.committed_at, commit, deployment)
        (carried.leads if lead.seconds >= 0 else carried.backwards).append(lead)
