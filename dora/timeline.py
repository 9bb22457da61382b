"""One service's deployments in order of time, and which of them were taken back, when and by which."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dora.records import RUNNING, SUCCEEDED, Deployment


@dataclass(slots=True)
class Timeline:
    """A service's attempts in order of begin, of first exposure (`exposed`) and of going live (`live`)."""

    service: str
    attempts: list[Deployment]
    rollbacks: list[Deployment]
    exposed: list[Deployment] = field(default_factory=list)
    live: list[Deployment] = field(default_factory=list)
    by_id: dict[str, Deployment] = field(default_factory=dict)  # attempts
    taken_back: dict[str, tuple[float, str]] = field(default_factory=dict)  # id → when, and by which id or ""
    redeployed_over: dict[str, str] = field(
        default_factory=dict
    )  # id with an older revision → id it replaced


def timelines(deployments: Iterable[Deployment]) -> list[Timeline]:
    """One timeline for each service, ordered by the services' names."""
    by_name: dict[str, Timeline] = {}
    for deployment in deployments:
        line = by_name.setdefault(deployment.service, Timeline(deployment.service, [], []))
        is_rollback = deployment.is_rollback or deployment.rollback_of
        (line.rollbacks if is_rollback else line.attempts).append(_with_implied_times(deployment))
    for line in by_name.values():
        _order(line)
        _find_rollbacks(line)
        _find_redeployments(line)
    return [by_name[name] for name in sorted(by_name)]


def exposed_at(deployment: Deployment) -> float:
    """When the first user saw a deployment that users saw."""
    return deployment.started_at if deployment.exposed_at is None else deployment.exposed_at


def lived_at(deployment: Deployment) -> float:
    """When all users had a deployment that went live."""
    return deployment.started_at if deployment.live_at is None else deployment.live_at


def left_at(deployment: Deployment) -> float:
    """When an attempt was over, its bake time included; infinite while it runs."""
    if deployment.ended_at is not None:
        return deployment.ended_at
    return float("inf") if deployment.status == RUNNING else lived_at(deployment)


def _with_implied_times(deployment: Deployment) -> Deployment:
    """A deployment that succeeded was live, and a live deployment had been seen."""
    if deployment.status == SUCCEEDED and deployment.live_at is None:
        live_at = deployment.started_at if deployment.ended_at is None else deployment.ended_at
        deployment = replace(deployment, live_at=live_at)
    if deployment.live_at is not None and deployment.exposed_at is None:
        deployment = replace(deployment, exposed_at=deployment.live_at)
    return deployment


def _order(line: Timeline) -> None:
    line.attempts.sort(key=lambda attempt: (attempt.began_at, attempt.started_at, attempt.id))
    line.rollbacks.sort(key=lambda rollback: (rollback.started_at, rollback.id))
    line.exposed = sorted(
        (attempt for attempt in line.attempts if attempt.exposed_at is not None),
        key=lambda attempt: (exposed_at(attempt), attempt.id),
    )
    line.live = sorted(
        (attempt for attempt in line.attempts if attempt.is_delivered),
        key=lambda attempt: (lived_at(attempt), attempt.id),
    )
    line.by_id = {attempt.id: attempt for attempt in line.attempts}


def _find_rollbacks(line: Timeline) -> None:
    for attempt in line.attempts:
        if attempt.restored_at is not None:
            line.taken_back[attempt.id] = (attempt.restored_at, "")
    for rollback in line.rollbacks:
        target = rollback.rollback_of
        if not target:
            before = bisect_right(line.exposed, rollback.started_at, key=exposed_at)
            target = line.exposed[before - 1].id if before else ""
        if target in line.by_id:
            at, _ = line.taken_back.get(target, (lived_at(rollback), ""))
            line.taken_back[target] = (at, rollback.id)


def _find_redeployments(line: Timeline) -> None:
    """Find deployments of a revision that had been live before the revision that they replaced."""
    first_live: dict[str, int] = {}
    serving: list[Deployment] = []  # the last serves users; after its roll-back the one before it does
    for number, deployment in enumerate(line.live):
        while serving and serving[-1].id in line.taken_back:
            if line.taken_back[serving[-1].id][0] > lived_at(deployment):
                break
            serving.pop()
        replaced = serving[-1] if serving else None
        if deployment.revision:
            age = first_live.setdefault(deployment.revision, number)
            if replaced and replaced.revision and age < first_live[replaced.revision]:
                line.redeployed_over[deployment.id] = replaced.id
                line.taken_back.setdefault(replaced.id, (lived_at(deployment), deployment.id))
        serving.append(deployment)
