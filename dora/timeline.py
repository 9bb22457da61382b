"""One service's attempts in order, and which of them were taken back, when and by what."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dora.records import RUNNING, SUCCEEDED, Deployment


@dataclass(slots=True)
class Timeline:
    """Attempts by when they began, those that users saw by when they did, those that went live likewise."""

    service: str
    attempts: list[Deployment]
    rollbacks: list[Deployment]
    exposed: list[Deployment] = field(default_factory=list)
    live: list[Deployment] = field(default_factory=list)
    by_id: dict[str, Deployment] = field(default_factory=dict)
    taken_back: dict[str, tuple[float, str]] = field(default_factory=dict)  # id → when, by which
    redeployed_over: dict[str, str] = field(default_factory=dict)  # an older revision's id → what it replaced


def timelines(deployments: Iterable[Deployment]) -> list[Timeline]:
    """One a service, by name."""
    found: dict[str, Timeline] = {}
    for one in deployments:
        line = found.setdefault(one.service, Timeline(one.service, [], []))
        (line.rollbacks if one.is_rollback or one.rollback_of else line.attempts).append(_completed(one))
    for line in found.values():
        _order(line)
        _find_rollbacks(line)
        _find_redeployments(line)
    return [found[name] for name in sorted(found)]


def exposed_at(one: Deployment) -> float:
    """Of an attempt that users saw."""
    return one.started_at if one.exposed_at is None else one.exposed_at


def lived_at(one: Deployment) -> float:
    """Of an attempt that went live."""
    return one.started_at if one.live_at is None else one.live_at


def left_at(one: Deployment) -> float:
    """When an attempt, its bake time included, was over; infinite while it runs."""
    if one.ended_at is not None:
        return one.ended_at
    return float("inf") if one.status == RUNNING else lived_at(one)


def _completed(one: Deployment) -> Deployment:
    """Times that follow from others: who succeeded was live, who was live had been seen."""
    if one.status == SUCCEEDED and one.live_at is None:
        one = replace(one, live_at=one.started_at if one.ended_at is None else one.ended_at)
    if one.live_at is not None and one.exposed_at is None:
        one = replace(one, exposed_at=one.live_at)
    return one


def _order(line: Timeline) -> None:
    line.attempts.sort(key=lambda one: (one.began_at, one.started_at, one.id))
    line.rollbacks.sort(key=lambda one: (one.started_at, one.id))
    line.exposed = sorted(
        (one for one in line.attempts if one.exposed_at is not None),
        key=lambda one: (exposed_at(one), one.id),
    )
    line.live = sorted(
        (one for one in line.attempts if one.is_delivered), key=lambda one: (lived_at(one), one.id)
    )
    line.by_id = {one.id: one for one in line.attempts}


def _find_rollbacks(line: Timeline) -> None:
    for one in line.attempts:
        if one.restored_at is not None:
            line.taken_back[one.id] = (one.restored_at, "")
    for one in line.rollbacks:
        target = one.rollback_of
        if not target:
            before = bisect_right(line.exposed, one.started_at, key=exposed_at)
            target = line.exposed[before - 1].id if before else ""
        if target in line.by_id:
            at, _ = line.taken_back.get(target, (lived_at(one), ""))
            line.taken_back[target] = (at, one.id)


def _find_redeployments(line: Timeline) -> None:
    """Somebody deployed a revision again that was live before the one that is live now."""
    first_live: dict[str, int] = {}
    stack: list[Deployment] = []  # what is live, and below it what would be after a roll-back
    for number, one in enumerate(line.live):
        while stack and stack[-1].id in line.taken_back and line.taken_back[stack[-1].id][0] <= lived_at(one):
            stack.pop()
        current = stack[-1] if stack else None
        if one.revision:
            age = first_live.setdefault(one.revision, number)
            if current and current.revision and age < first_live[current.revision]:
                line.redeployed_over[one.id] = current.id
                line.taken_back.setdefault(current.id, (lived_at(one), one.id))
        stack.append(one)
