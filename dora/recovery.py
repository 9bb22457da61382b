"""Outages: from the first user who saw a failed version until all users had a good one again."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from dora.classification import FAILED, OK, ClassifiedDeployment
from dora.counting_rules import CountingRules
from dora.incident_links import IncidentLink
from dora.records import Deployment
from dora.timeline import Timeline, exposed_at

CLOSED = "its incidents closed"


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
    line: Timeline,
    classified: Mapping[str, ClassifiedDeployment],
    links: Sequence[IncidentLink],
    rules: CountingRules,
) -> list[Outage]:
    """A service's outages, ordered by when they began; `links` are those to its own deployments."""
    links_of: dict[str, list[IncidentLink]] = {}
    for link in links:
        if link.deployment:
            links_of.setdefault(link.deployment, []).append(link)
    ends = _Ends(line, classified)
    separate: list[Outage] = []
    for deployment in line.exposed:
        if classified[deployment.id].kind == FAILED:
            spells = _spells(links_of.get(deployment.id, []), rules.flap_gap_s / deployment.scale)
            separate.extend(_outages_of(deployment, spells, ends))
    joined: list[Outage] = []
    for outage in sorted(separate, key=lambda outage: outage.began_at):
        _join(joined, outage)
    return joined


class Spell(NamedTuple):
    """A time in which incidents of one deployment were open without a gap; None while one still is."""

    opened_at: float
    closed_at: float | None


def _spells(links: Sequence[IncidentLink], gap_s: float) -> list[Spell]:
    """The spells of a deployment's incidents, which are in order of time; a gap is longer than `gap_s`."""
    spells: list[Spell] = []
    for link in links:
        opened_at, closed_at = link.incident.opened_at, link.incident.closed_at
        last = spells[-1] if spells else None
        if last is None or (last.closed_at is not None and opened_at - last.closed_at > gap_s):
            spells.append(Spell(opened_at, closed_at))
        else:
            is_open = last.closed_at is None or closed_at is None
            end = None if is_open else max(last.closed_at or 0.0, closed_at or 0.0)
            spells[-1] = Spell(last.opened_at, end)
    return spells


def _outages_of(deployment: Deployment, spells: Sequence[Spell], ends: "_Ends") -> Iterator[Outage]:
    """A failed deployment's outage; where its incidents are apart, one for each spell of them."""
    began_at, fix = exposed_at(deployment), ends.fix(deployment)
    for spell, following in pairwise(spells):
        recovery = Recovery(spell.closed_at or began_at, CLOSED)
        if fix and began_at <= fix.at <= following.opened_at:
            recovery = fix if fix.is_rollback else min(fix, recovery)
        yield Outage(began_at, recovery, (deployment.id,), spell.opened_at)
        began_at = max(began_at, following.opened_at)
    if fix and len(spells) > 1 and fix.at < began_at:
        fix = None  # it ended an earlier spell
    last = spells[-1] if spells else None
    yield Outage(
        began_at, ends.recovery(deployment, began_at, last, fix), (deployment.id,), last and last.opened_at
    )


class _Ends:
    """What can end the outage of a failed deployment."""

    def __init__(self, line: Timeline, classified: Mapping[str, ClassifiedDeployment]) -> None:
        self._line, self._classified = line, classified
        good = [deployment for deployment in classified.values() if deployment.kind == OK]
        self._good = sorted(good, key=lambda deployment: (deployment.at, deployment.deployment.id))

    def fix(self, deployment: Deployment) -> Recovery | None:
        """The roll-back of a deployment, else its first repair that stayed good."""
        at, by = self._line.taken_back.get(deployment.id, (0.0, ""))
        if deployment.id in self._line.taken_back and by not in self._line.redeployed_over:
            return Recovery(at, f"rolled back{f' by {by}' if by else ''}", is_rollback=True)
        return self._first_repair(deployment.id)

    def recovery(
        self, deployment: Deployment, began_at: float, spell: Spell | None, fix: Recovery | None
    ) -> Recovery | None:
        """The end of a deployment's last outage: its fix, its incidents' end, or the next good version."""
        closed_at = spell.closed_at if spell else None
        if (fix and fix.is_rollback) or closed_at is None:
            if fix or (spell and deployment.is_delivered):
                return fix
            return self._next_good(began_at)
        closed = Recovery(closed_at, CLOSED)
        return min(fix, closed) if fix else closed

    def _next_good(self, at: float) -> Recovery | None:
        position = bisect_right(self._good, at, key=lambda deployment: deployment.at)
        if position == len(self._good):
            return None
        deployment = self._good[position]
        return Recovery(deployment.at, f"{deployment.deployment.id} went live")

    def _first_repair(self, failed_id: str) -> Recovery | None:
        """The first repair that stayed good; a repair that failed too leads to its own repairs."""
        good_repairs, visited, ahead = [], {failed_id}, [failed_id]
        while ahead:
            for reason in self._classified[ahead.pop()].reasons:
                if reason.kind != "repair" or reason.by in visited or reason.by not in self._classified:
                    continue
                visited.add(reason.by)
                repair = self._classified[reason.by]
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
