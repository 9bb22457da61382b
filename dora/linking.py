"""Which deployment an incident came from: the one it names, the one in its canary, or the newest live one."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from dora.parameters import Parameters
from dora.records import Deployment, Incident
from dora.timeline import Timeline, exposed_at, left_at, lived_at


class Link(NamedTuple):
    """`deployment` is empty where a change did not cause it, as far as anybody knows; `how` says why."""

    incident: Incident
    deployment: str
    how: str


def link(line: Timeline, incidents: Iterable[Incident], parameters: Parameters) -> list[Link]:
    """Over the whole history, never over a window: what a deployment is must not depend on when one asks."""
    ordered = sorted(incidents, key=lambda one: (one.opened_at, one.id))
    return [_link(line, one, parameters) for one in ordered]


def _link(line: Timeline, incident: Incident, parameters: Parameters) -> Link:
    if incident.deployment:
        if incident.deployment in line.by_id:
            return Link(incident, incident.deployment, "it names it")
        return Link(incident, "", f"it names {incident.deployment}, which is no deployment of {line.service}")
    if parameters.link == "id":
        return Link(incident, "", "it names no deployment")
    if found := _under_way(line, incident.opened_at, parameters.link_limit_s):
        return Link(incident, found.id, "it opened while this was on its way to all users")
    if found := newest_live(line, incident.opened_at, parameters.link_limit_s):
        return Link(incident, found.id, f"the newest that was live, for {_hours(found, incident)}")
    hours = parameters.link_limit_s / 3600
    return Link(incident, "", f"nothing went live in the {hours:g} hours before it: not caused by a change")


def _under_way(line: Timeline, at: float, limit_s: float) -> Deployment | None:
    number = bisect_right(line.exposed, at, key=exposed_at)
    while number and exposed_at(line.exposed[number - 1]) >= at - limit_s:
        number -= 1
        if at < left_at(line.exposed[number]):
            return line.exposed[number]
    return None


def newest_live(line: Timeline, at: float, limit_s: float) -> Deployment | None:
    """What served users at an instant, when it went live no longer ago than the limit."""
    number = bisect_right(line.live, at, key=lived_at)
    while number and lived_at(line.live[number - 1]) >= at - limit_s:
        number -= 1
        taken_back, _ = line.taken_back.get(line.live[number].id, (float("inf"), ""))
        if at < taken_back:
            return line.live[number]
    return None


def _hours(deployment: Deployment, incident: Incident) -> str:
    return f"{(incident.opened_at - lived_at(deployment)) / 3600:.1f} hours"
