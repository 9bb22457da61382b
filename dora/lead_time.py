"""Which commits each attempt carried, and how long each took from the commit to all users."""

from dataclasses import dataclass, field
from typing import NamedTuple

from dora.records import Commit, Deployment
from dora.timeline import Timeline, lived_at


class LeadTime(NamedTuple):
    """Of one commit, in seconds; `at` is when all users had it."""

    at: float
    seconds: float
    commit: Commit
    deployment: Deployment


@dataclass(slots=True)
class Carried:
    """What went where."""

    by_deployment: dict[str, tuple[Commit, ...]] = field(default_factory=dict)  # new to users with it
    delivered_by: dict[str, Deployment] = field(default_factory=dict)  # sha → the first that had it live
    leads: list[LeadTime] = field(default_factory=list)  # by `at`
    backwards: list[LeadTime] = field(
        default_factory=list
    )  # committed after they were live: a clock is wrong


def carry(line: Timeline) -> Carried:
    """Commits of an attempt that did not go live wait for the next that does; the first has no lead time."""
    found = Carried()
    waiting: dict[str, Commit] = {}
    first = ""
    for one in line.attempts:  # as they began: an attempt does not hold what a later one brought
        if one.knows_all_commits:
            waiting = {}  # what an attempt before it carried is among them, or was left behind
        for commit in one.commits:
            if commit.sha not in found.delivered_by:
                waiting.setdefault(commit.sha, commit)
        if one.exposed_at is not None and waiting:
            found.by_deployment[one.id] = tuple(waiting.values())
        if one.is_delivered:
            found.delivered_by.update(dict.fromkeys(waiting, one))
            first, waiting = first or one.id, {}
    for one in line.live:
        if one.id != first:
            _measure(found, one)
    return found


def _measure(found: Carried, one: Deployment) -> None:
    at = lived_at(one)
    for commit in found.by_deployment.get(one.id, ()):
        seconds = at - commit.committed_at
        (found.leads if seconds >= 0 else found.backwards).append(LeadTime(at, seconds, commit, one))
