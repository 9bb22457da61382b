"""Which deployment caused an incident: the one it names, the one in its canary, or the newest live one."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from dora.counting_rules import CountingRules
from dora.records import Deployment, Incident, by_opening
from dora.timeline import Timeline, exposed_at, left_at, lived_at


class IncidentLink(NamedTuple):
    """An incident and the id of the deployment that caused it, or "" where none is known; `how` says why."""

    incident: Incident
    deployment: str
    how: str


def link_incidents(line: Timeline, incidents: Iterable[Incident], rules: CountingRules) -> list[IncidentLink]:
    """Link a service's incidents over its whole history, so that the links don't depend on a window."""
    return [_link(line, incident, rules) for incident in sorted(incidents, key=by_opening)]


def _link(line: Timeline, incident: Incident, rules: CountingRules) -> IncidentLink:
    if incident.deployment:
        if incident.deployment in line.by_id:
            return IncidentLink(incident, incident.deployment, "it names it")
        reason = f"it names {incident.deployment}, which is no deployment of {line.service}"
        return IncidentLink(incident, "", reason)
    if rules.link == "id":
        return IncidentLink(incident, "", "it names no deployment")
    if deployment := _under_way(line, incident.opened_at, rules.link_limit_s):
        return IncidentLink(incident, deployment.id, "it opened while this was on its way to all users")
    if deployment := newest_live(line, incident.opened_at, rules.link_limit_s):
        hours = (incident.opened_at - lived_at(deployment)) / 3600
        return IncidentLink(incident, deployment.id, f"the newest that was live, for {hours:.1f} hours")
    hours = rules.link_limit_s / 3600
    reason = f"nothing went live in the {hours:g} hours before it: not caused by a change"
    return IncidentLink(incident, "", reason)


def _under_way(line: Timeline, at: float, limit_s: float) -> Deployment | None:
    position = bisect_right(line.exposed, at, key=exposed_at)
    while position and exposed_at(line.exposed[position - 1]) >= at - limit_s:
        position -= 1
        if at < left_at(line.exposed[position]):
            return line.exposed[position]
    return None


def newest_live(line: Timeline, at: float, limit_s: float) -> Deployment | None:
    """The deployment that served users at an instant, if it went live within the limit (seconds) before."""
    position = bisect_right(line.live, at, key=lived_at)
    while position and lived_at(line.live[position - 1]) >= at - limit_s:
        position -= 1
        taken_back, _ = line.taken_back.get(line.live[position].id, (float("inf"), ""))
        if at < taken_back:
            return line.live[position]
    return None
