"""The analysis of a whole history: classes, links, lead times and outages of each service."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dora import rework
from dora.alarm_flapping import merge_flaps
from dora.classification import (
    BLOCKED,
    COUNTED,
    RUNNING,
    ClassifiedDeployment,
    classify,
    failure_reasons,
)
from dora.counting_rules import CountingRules
from dora.deduplication import unique
from dora.incident_links import IncidentLink, link_incidents
from dora.lead_time import LeadTime, carry
from dora.records import Deployment, History, Incident, Note, by_opening, by_service
from dora.recovery import Outage, outages
from dora.timeline import Timeline, timelines


@dataclass(frozen=True, slots=True)
class ServiceAnalysis:
    """The analysis of one service; every sequence is in order of time."""

    service: str
    counted: list[ClassifiedDeployment]  # ok and failed
    blocked: list[ClassifiedDeployment]
    running: list[ClassifiedDeployment]
    rollbacks: list[Deployment]
    leads: list[LeadTime]
    backwards: list[LeadTime]
    outages: list[Outage]
    links: list[IncidentLink]
    first_live: str  # id of the first deployment, whose commits have no lead time
    knows_commits: bool
    scales: tuple[float, ...]  # other than real time


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of all services by name, with notes on what could not be used."""

    services: dict[str, ServiceAnalysis]
    notes: tuple[Note, ...]
    rules: CountingRules
    has_incident_source: bool


def analyse(history: History, rules: CountingRules | None = None) -> Analysis:
    """Apply every rule of docs/dora.md. Neither the order nor duplicates of the records matter."""
    rules = rules or CountingRules()
    lines = timelines(unique(history.deployments))
    incidents = merge_flaps(unique(history.incidents), rules)
    incidents_of = by_service(incidents)
    service_of = {attempt.id: line.service for line in lines for attempt in line.attempts}
    service_of |= {incident.id: incident.service for incident in incidents}
    services = {
        line.service: _analyse_service(line, incidents_of.get(line.service, []), service_of, rules)
        for line in lines
    }
    notes = (*history.notes, *_incidents_without_service(incidents_of, services))
    return Analysis(services, notes, rules, history.has_incident_source or bool(incidents))


def _analyse_service(
    line: Timeline, incidents: Sequence[Incident], service_of: dict[str, str], rules: CountingRules
) -> ServiceAnalysis:
    carried = carry(line)
    links = link_incidents(line, incidents, rules)
    known = rework.evidence(line, carried, links, service_of, rules)
    signals = {deployment.id: rework.signals(deployment, known) for deployment in line.exposed}
    reasons = failure_reasons(
        line, links, [(deployment, signals[deployment.id]) for deployment in line.exposed]
    )
    classified = {
        attempt.id: classify(
            attempt,
            reasons.get(attempt.id, ()),
            signals.get(attempt.id, ()),
            carried.by_deployment.get(attempt.id, ()),
        )
        for attempt in line.attempts
    }
    return ServiceAnalysis(
        service=line.service,
        counted=_of_class(classified.values(), *COUNTED),
        blocked=_of_class(classified.values(), BLOCKED),
        running=_of_class(classified.values(), RUNNING),
        rollbacks=line.rollbacks,
        leads=carried.leads,
        backwards=carried.backwards,
        outages=outages(line, classified, links),
        links=links,
        first_live=next((attempt.id for attempt in line.attempts if attempt.is_delivered), ""),
        knows_commits=any(attempt.commits for attempt in line.attempts),
        scales=History((*line.attempts, *line.rollbacks), tuple(incidents)).scales,
    )


def _of_class(classified: Iterable[ClassifiedDeployment], *kinds: str) -> list[ClassifiedDeployment]:
    chosen = (deployment for deployment in classified if deployment.kind in kinds)
    return sorted(chosen, key=lambda deployment: (deployment.at, deployment.deployment.id))


def _incidents_without_service(
    incidents_of: Mapping[str, list[Incident]], services: Mapping[str, ServiceAnalysis]
) -> list[Note]:
    return [
        Note("incidents", incident.id, f"its service {service or '(none)'} has no deployments")
        for service in sorted(incidents_of)
        if service not in services
        for incident in sorted(incidents_of[service], key=by_opening)
    ]
