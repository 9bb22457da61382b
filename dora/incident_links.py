"""Which deployment caused an incident: by what somebody or CodeDeploy recorded, by traces, or by time."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from dora.counting_rules import CountingRules
from dora.intervals import Intervals
from dora.records import Deployment, Incident, by_opening
from dora.timeline import Timeline, exposed_at, left_at, lived_at

RESOLUTION_S = 1.0  # events tell whole seconds
ALARM_NAMES = re.compile(r"<([^<>]+)>")  # in CodeDeploy's message: "Activated alarms: <one> <another>"


class IncidentLink(NamedTuple):
    """An incident with the deployment that caused it and that deployment's service; `how` says why.

    Where no cause is known, `deployment` is "" and `service` the incident's own."""

    incident: Incident
    service: str
    deployment: str
    how: str
    is_inferred: bool = False


def link_incidents(
    lines: Mapping[str, Timeline], incidents: Iterable[Incident], rules: CountingRules
) -> list[IncidentLink]:
    """Link incidents over the whole history, so that the links don't depend on a window.

    `lines` are timelines by service; incidents of a service without one are left out."""
    causes = _Causes(lines, rules)
    return [
        causes.link(incident) for incident in sorted(incidents, key=by_opening) if incident.service in lines
    ]


class _Causes:
    """Looks for the cause of an incident."""

    def __init__(self, lines: Mapping[str, Timeline], rules: CountingRules) -> None:
        self._lines, self._rules = lines, rules
        self._taken_back: dict[str, Intervals[Deployment]] = {}  # releases that were stopped, by service
        stopped_by: dict[str, list[Deployment]] = {}  # by alarm
        for line in lines.values():
            stopped = [deployment for deployment in line.exposed if line.was_stopped(deployment)]
            ends = {stop.id: line.over_at(stop) + self._limit_s(stop.scale) for stop in stopped}
            self._taken_back[line.service] = Intervals(stopped, exposed_at, _by_id(ends))
            for deployment in stopped:
                for alarm in ALARM_NAMES.findall(deployment.error):
                    stopped_by.setdefault(alarm, []).append(deployment)
        self._stopped_by = {
            alarm: Intervals(stopped, exposed_at, lambda stop: left_at(stop) + RESOLUTION_S)
            for alarm, stopped in stopped_by.items()
        }

    def link(self, incident: Incident) -> IncidentLink:
        """The incident with its cause, the best evidence first."""
        line = self._lines[incident.service]
        if incident.deployment:
            return self._named(incident, line)
        if incident.alarm and (link := self._stopped_by_alarm(incident)):
            return link
        if self._rules.link == "id":
            return IncidentLink(incident, line.service, "", "it names no deployment")
        if not incident.alarm:
            return self._by_time(incident, line, self._rules.link_limit_s)
        if incident.root_cause:
            return self._by_traces(incident)
        return self._during_another_release(incident, line) or self._by_time(
            incident, line, self._limit_s(incident.scale)
        )

    def _limit_s(self, scale: float) -> float:
        return self._rules.alarm_limit_s / scale

    def _named(self, incident: Incident, line: Timeline) -> IncidentLink:
        deployment = line.by_id.get(incident.deployment)
        if deployment is None:
            reason = f"it names {incident.deployment}, which is no deployment of {line.service}"
        elif deployment.exposed_at is None:
            reason = f"it names {incident.deployment}, which users did not see as far as anybody knows"
        else:
            return IncidentLink(incident, line.service, incident.deployment, "it names it")
        return IncidentLink(incident, line.service, "", reason)

    def _stopped_by_alarm(self, incident: Incident) -> IncidentLink | None:
        """The deployment that CodeDeploy stopped because of this alarm, while the alarm rang."""
        closed_at = float("inf") if incident.closed_at is None else incident.closed_at
        stopped = self._stopped_by.get(incident.alarm)
        deployment = stopped.newest_overlapping(incident.opened_at, closed_at) if stopped else None
        if deployment is None:
            return None
        return IncidentLink(incident, deployment.service, deployment.id, "the alarm stopped it")

    def _by_traces(self, incident: Incident) -> IncidentLink:
        service, limit_s = incident.root_cause, self._limit_s(incident.scale)
        evidence = f"traces of that time fault first in {service}"
        line = self._lines.get(service)
        if line:
            at = incident.opened_at
            deployment = line.under_way(at) or line.newest_live(at, limit_s)
            if deployment:
                return IncidentLink(incident, service, deployment.id, evidence)
        reason = f"{evidence}, and nothing of it went live in the {_minutes(limit_s)} before"
        return IncidentLink(incident, incident.service, "", reason)

    def _during_another_release(self, incident: Incident, line: Timeline) -> IncidentLink | None:
        """Another service's release that was taken back, if the alarm rang during it and ended with it."""
        own = line.under_way(incident.opened_at)
        if incident.closed_at is None or (own and line.was_stopped(own)):
            return None
        candidates = []
        for service, stopped in self._taken_back.items():
            deployment = stopped.newest_open(incident.opened_at) if service != line.service else None
            if deployment:
                over_at = self._lines[service].over_at(deployment) + self._limit_s(deployment.scale)
                if incident.closed_at <= over_at:
                    candidates.append((exposed_at(deployment), deployment.id, service))
        if not candidates:
            return None
        _, deployment_id, service = max(candidates)
        how = f"it rang while this release of {service} was on its way, and ended with it"
        return IncidentLink(incident, service, deployment_id, how, is_inferred=True)

    def _by_time(self, incident: Incident, line: Timeline, limit_s: float) -> IncidentLink:
        at = incident.opened_at
        deployment = line.under_way(at)
        if deployment and (exposed_at(deployment) >= at - limit_s or incident.alarm):
            how = "it opened while this was on its way to all users"
            return IncidentLink(incident, line.service, deployment.id, how, is_inferred=True)
        if deployment := line.newest_live(at, limit_s):
            how = f"the newest that was live, for {_minutes(at - lived_at(deployment))}"
            return IncidentLink(incident, line.service, deployment.id, how, is_inferred=True)
        reason = f"nothing went live in the {_minutes(limit_s)} before it: not caused by a change"
        return IncidentLink(incident, line.service, "", reason)


def _by_id(instants: Mapping[str, float]) -> Callable[[Deployment], float]:
    return lambda deployment: instants[deployment.id]


def _minutes(seconds: float) -> str:
    return f"{seconds / 3600:g} hours" if seconds >= 3600 else f"{seconds / 60:g} minutes"
