"""One service's deployments in order of time, and which of them were taken back, when and by which."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dora.intervals import Intervals
from dora.records import FAILED, RUNNING, STOPPED, SUCCEEDED, Deployment


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
    # id of a deployment of an older revision → id of the deployment that it replaced
    redeployed_over: dict[str, str] = field(default_factory=dict)
    _under_way: Intervals[Deployment] | None = None
    _serving: Intervals[Deployment] | None = None

    def under_way(self, at: float) -> Deployment | None:
        """The newest deployment that some users had at an instant, and that was not over yet."""
        if self._under_way is None:
            self._under_way = Intervals(self.exposed, exposed_at, left_at)
        return self._under_way.newest_open(at)

    def newest_live(self, at: float, limit_s: float) -> Deployment | None:
        """What served users at an instant, if it went live no longer before than the limit (seconds)."""
        if self._serving is None:
            self._serving = Intervals(self.live, lived_at, self._taken_back_at)
        deployment = self._serving.newest_open(at)
        return deployment if deployment and lived_at(deployment) >= at - limit_s else None

    def was_stopped(self, deployment: Deployment) -> bool:
        """Whether a deployment ended in a failure or a stop, or was rolled back later."""
        return deployment.status in (FAILED, STOPPED) or deployment.id in self.taken_back

    def over_at(self, deployment: Deployment) -> float:
        """When an attempt was over and, where it was taken back, users had the version before it again."""
        taken_back_at = self.taken_back.get(deployment.id, (0.0, ""))[0]
        return max(left_at(deployment), taken_back_at)

    def _taken_back_at(self, deployment: Deployment) -> float:
        return self.taken_back.get(deployment.id, (float("inf"), ""))[0]


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
    """A roll-back takes its target back at its end, and only when it has succeeded."""
    for attempt in line.attempts:
        if attempt.restored_at is not None:
            line.taken_back[attempt.id] = (attempt.restored_at, "")
    for rollback in line.rollbacks:
        if rollback.status != SUCCEEDED:
            continue
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
