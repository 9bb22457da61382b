"""From the first users who saw a failed version to the moment when all had a good one again."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dora.classes import FAILED, OK, Judged
from dora.linking import Link
from dora.timeline import Timeline, exposed_at


class Recovery(NamedTuple):
    """When and how a failure ended; after a roll-back the version before it serves, which may be bad too."""

    at: float
    how: str
    is_rollback: bool = False


@dataclass(frozen=True, slots=True)
class Outage:
    """Failed deployments, each begun before users had a good version again. Times in epoch seconds."""

    began_at: float
    recovery: Recovery | None
    deployments: tuple[str, ...]
    noticed_at: float | None  # the first incident of it

    @property
    def seconds(self) -> float:
        """From first exposure to recovery; infinite while it is open."""
        return self.recovery.at - self.began_at if self.recovery else float("inf")

    @property
    def seconds_from_notice(self) -> float | None:
        """From the first alarm or report to recovery."""
        return self.recovery.at - self.noticed_at if self.recovery and self.noticed_at is not None else None


def outages(line: Timeline, judged: Mapping[str, Judged], links: Sequence[Link]) -> list[Outage]:
    """By their begin."""
    incidents: dict[str, list[Link]] = {}
    for link in links:
        if link.deployment:
            incidents.setdefault(link.deployment, []).append(link)
    found: list[Outage] = []
    good = _GoodOnes(judged)
    for one in line.exposed:
        if judged[one.id].kind == FAILED:
            mine = incidents.get(one.id, [])
            recovery = _recovery(line, judged, one.id, mine, good)
            noticed = min((link.incident.opened_at for link in mine), default=None)
            _add(found, Outage(exposed_at(one), recovery, (one.id,), noticed))
    return found


class _GoodOnes:
    """The next deployment that went live and stayed good."""

    def __init__(self, judged: Mapping[str, Judged]) -> None:
        self._ordered = sorted(
            (one for one in judged.values() if one.kind == OK), key=lambda one: (one.at, one.deployment.id)
        )

    def after(self, at: float) -> Recovery | None:
        number = bisect_right(self._ordered, at, key=lambda one: one.at)
        if number == len(self._ordered):
            return None
        one = self._ordered[number]
        return Recovery(one.at, f"{one.deployment.id} went live")


def _recovery(
    line: Timeline, judged: Mapping[str, Judged], key: str, links: Sequence[Link], good: _GoodOnes
) -> Recovery | None:
    one = judged[key].deployment
    at, by = line.taken_back.get(key, (0.0, ""))
    if key in line.taken_back and by not in line.redeployed_over:
        return Recovery(at, f"rolled back{f' by {by}' if by else ''}", is_rollback=True)
    found = [repaired for repaired in (_repaired(judged, key),) if repaired]
    closed = [link.incident.closed_at for link in links]
    if closed and None not in closed:
        found.append(Recovery(max(at for at in closed if at is not None), "its incidents closed"))
    if found:
        return min(found)
    return None if links and one.is_delivered else good.after(exposed_at(one))


def _repaired(judged: Mapping[str, Judged], key: str) -> Recovery | None:
    """The first repair that stayed good; a repair that failed leads to its own repairs."""
    found, seen, ahead = [], {key}, [key]
    while ahead:
        for reason in judged[ahead.pop()].reasons:
            if reason.kind != "repair" or reason.by in seen or reason.by not in judged:
                continue
            seen.add(reason.by)
            repair = judged[reason.by]
            if repair.kind == OK:
                found.append(Recovery(repair.at, f"{reason.by} went live"))
            else:
                ahead.append(reason.by)
    return min(found, default=None)


def _add(found: list[Outage], more: Outage) -> None:
    """A failure that users saw before they had recovered from the last one belongs to the same outage."""
    last = found[-1] if found else None
    if not last or (last.recovery and last.recovery.at <= more.began_at):
        found.append(more)
        return
    notices = [at for at in (last.noticed_at, more.noticed_at) if at is not None]
    found[-1] = replace(
        last,
        recovery=_both(last.recovery, more.recovery),
        deployments=last.deployments + more.deployments,
        noticed_at=min(notices, default=None),
    )


def _both(last: Recovery | None, more: Recovery | None) -> Recovery | None:
    if more and not last:
        return None if more.is_rollback else more
    return max(last, more) if last and more else None
