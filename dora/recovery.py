"""Outages: from the first user who saw a failed version until all users had a good one again."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dora.classification import FAILED, OK, ClassifiedDeployment
from dora.incident_links import IncidentLink
from dora.timeline import Timeline, exposed_at


class Recovery(NamedTuple):
    """When and how a failure ended; after a roll-back the version before it serves, which may be bad too."""

    at: float
    how: str
    is_rollback: bool = False


@dataclass(frozen=True, slots=True)
class Outage:
    """Failed deployments, each begun before users had a good version again. Times are epoch seconds."""

    began_at: float
    recovery: Recovery | None
    deployments: tuple[str, ...]
    noticed_at: float | None  # the outage's first incident

    @property
    def seconds(self) -> float:
        """The time from first exposure to recovery; infinite while the outage is open."""
        return self.recovery.at - self.began_at if self.recovery else float("inf")

    @property
    def seconds_from_notice(self) -> float | None:
        """The time from the first alarm or report to recovery; None where either is not known."""
        if self.recovery is None or self.noticed_at is None:
            return None
        return self.recovery.at - self.noticed_at


def outages(
    line: Timeline, classified: Mapping[str, ClassifiedDeployment], links: Sequence[IncidentLink]
) -> list[Outage]:
    """A service's outages, ordered by when they began."""
    links_of: dict[str, list[IncidentLink]] = {}
    for link in links:
        if link.deployment:
            links_of.setdefault(link.deployment, []).append(link)
    joined: list[Outage] = []
    good = _GoodDeployments(classified)
    for deployment in line.exposed:
        if classified[deployment.id].kind == FAILED:
            own_links = links_of.get(deployment.id, [])
            recovery = _recovery(line, classified, deployment.id, own_links, good)
            noticed = min((link.incident.opened_at for link in own_links), default=None)
            _join(joined, Outage(exposed_at(deployment), recovery, (deployment.id,), noticed))
    return joined


class _GoodDeployments:
    """An index of the deployments that went live and stayed good."""

    def __init__(self, classified: Mapping[str, ClassifiedDeployment]) -> None:
        good = (deployment for deployment in classified.values() if deployment.kind == OK)
        self._ordered = sorted(good, key=lambda deployment: (deployment.at, deployment.deployment.id))

    def after(self, at: float) -> Recovery | None:
        position = bisect_right(self._ordered, at, key=lambda deployment: deployment.at)
        if position == len(self._ordered):
            return None
        deployment = self._ordered[position]
        return Recovery(deployment.at, f"{deployment.deployment.id} went live")


def _recovery(
    line: Timeline,
    classified: Mapping[str, ClassifiedDeployment],
    failed_id: str,
    links: Sequence[IncidentLink],
    good: _GoodDeployments,
) -> Recovery | None:
    failed = classified[failed_id].deployment
    at, by = line.taken_back.get(failed_id, (0.0, ""))
    if failed_id in line.taken_back and by not in line.redeployed_over:
        return Recovery(at, f"rolled back{f' by {by}' if by else ''}", is_rollback=True)
    repair = _first_repair(classified, failed_id)
    ends = [repair] if repair else []
    closed = [link.incident.closed_at for link in links]
    if closed and None not in closed:
        ends.append(Recovery(max(at for at in closed if at is not None), "its incidents closed"))
    if ends:
        return min(ends)
    return None if links and failed.is_delivered else good.after(exposed_at(failed))


def _first_repair(classified: Mapping[str, ClassifiedDeployment], failed_id: str) -> Recovery | None:
    """The first repair that stayed good; a repair that failed too leads to its own repairs."""
    good_repairs, visited, ahead = [], {failed_id}, [failed_id]
    while ahead:
        for reason in classified[ahead.pop()].reasons:
            if reason.kind != "repair" or reason.by in visited or reason.by not in classified:
                continue
            visited.add(reason.by)
            repair = classified[reason.by]
            if repair.kind == OK:
                good_repairs.append(Recovery(repair.at, f"{reason.by} went live"))
            else:
                ahead.append(reason.by)
    return min(good_repairs, default=None)


def _join(joined: list[Outage], following: Outage) -> None:
    """A failure that users saw before they had recovered from the last one belongs to the same outage."""
    last = joined[-1] if joined else None
    if not last or (last.recovery and last.recovery.at <= following.began_at):
        joined.append(following)
        return
    notices = [at for at in (last.noticed_at, following.noticed_at) if at is not None]
    joined[-1] = replace(
        last,
        recovery=_recovery_of_two(last.recovery, following.recovery),
        deployments=last.deployments + following.deployments,
        noticed_at=min(notices, default=None),
    )


def _recovery_of_two(first: Recovery | None, second: Recovery | None) -> Recovery | None:
    if second and not first:
        return None if second.is_rollback else second
    return max(first, second) if first and second else None
