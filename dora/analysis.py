"""The analysis of a whole history: classes, links, lead times and outages of each service."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dora import alarms, rework
from dora.classification import (
    BLOCKED,
    COUNTED,
    RUNNING,
    UNKNOWN,
    ClassifiedDeployment,
    classify,
    failure_reasons,
)
from dora.counting_rules import CountingRules
from dora.deduplication import unique
from dora.incident_links import IncidentLink, link_incidents
from dora.lead_time import LeadTime, carry
from dora.records import ALARMS, REPORTS, Deployment, History, Incident, Note, by_opening
from dora.recovery import Outage, outages
from dora.timeline import Timeline, timelines


@dataclass(frozen=True, slots=True)
class ServiceAnalysis:
    """The analysis of one service; every sequence is in order of time."""

    service: str
    counted: list[ClassifiedDeployment]  # ok and failed
    blocked: list[ClassifiedDeployment]
    unknown: list[ClassifiedDeployment]  # failed, and nobody knows whether users saw it
    running: list[ClassifiedDeployment]
    rollbacks: list[Deployment]
    leads: list[LeadTime]
    backwards: list[LeadTime]
    outages: list[Outage]
    links: list[IncidentLink]  # of its own incidents, and of others that its deployments caused
    unlinked: list[IncidentLink]  # its own incidents that none of its deployments caused
    first_live: str  # id of the first deployment that went live
    knows_commits: bool
    scales: tuple[float, ...]  # other than real time


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of all services by name, with notes on what could not be used."""

    services: dict[str, ServiceAnalysis]
    notes: tuple[Note, ...]
    rules: CountingRules
    incident_sources: frozenset[str]
    began_at: float | None  # the first thing that the history knows of; None of an empty one

    def classified(self) -> dict[str, ClassifiedDeployment]:
        """Every attempt of every service, by the deployment's id; roll-backs have no class of their own."""
        return {
            attempt.deployment.id: attempt
            for service in self.services.values()
            for attempt in (*service.counted, *service.blocked, *service.unknown, *service.running)
        }

    @property
    def has_incident_source(self) -> bool:
        """Whether anybody looked for incidents."""
        return bool(self.incident_sources)


def analyse(history: History, rules: CountingRules | None = None) -> Analysis:
    """Apply every rule of docs/dora.md. Neither the order nor duplicates of the records matter."""
    rules, notes = rules or CountingRules(), list[Note]()
    lines = {line.service: line for line in timelines(_by_application(unique(history.deployments)))}
    incidents = alarms.merge_flaps(
        unique([*history.incidents, *alarms.incidents(history.alarms, lines, notes)]), rules
    )
    links = link_incidents(lines, incidents, rules)
    services_of = _services_of(lines, links)
    services = {
        service: _analyse_service(
            line, [link for link in links if service in _concerned(link)], services_of, rules
        )
        for service, line in lines.items()
    }
    sources = history.incident_sources
    sources |= {ALARMS if incident.alarm else REPORTS for incident in incidents}
    notes = [*history.notes, *notes, *_without_service(incidents, services)]
    return Analysis(services, tuple(notes), rules, frozenset(sources), _began_at(lines, services.values()))


def _began_at(lines: Mapping[str, Timeline], services: Iterable[ServiceAnalysis]) -> float | None:
    """The earliest time that a window would count, also where clocks put an outage before its deployment."""
    begins = [attempt.began_at for line in lines.values() for attempt in (*line.attempts, *line.rollbacks)]
    for service in services:
        begins += [deployment.at for deployment in (*service.counted, *service.unknown, *service.blocked)]
        begins += [outage.began_at for outage in service.outages]
    return min(begins, default=None)


def _analyse_service(
    line: Timeline,
    links: Sequence[IncidentLink],
    services_of: Mapping[str, set[str]],
    rules: CountingRules,
) -> ServiceAnalysis:
    own = [link for link in links if link.service == line.service]
    carried = carry(line)
    known = rework.evidence(line, carried, own, services_of, rules)
    signals = {deployment.id: rework.signals(deployment, known) for deployment in line.exposed}
    reasons = failure_reasons(
        line, own, [(deployment, signals[deployment.id]) for deployment in line.exposed]
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
        unknown=_of_class(classified.values(), UNKNOWN),
        running=_of_class(classified.values(), RUNNING),
        rollbacks=line.rollbacks,
        leads=carried.leads,
        backwards=carried.backwards,
        outages=outages(line, classified, own, rules),
        links=list(links),
        unlinked=[link for link in links if not (link.deployment and link.service == line.service)],
        first_live=next((attempt.id for attempt in line.attempts if attempt.is_delivered), ""),
        knows_commits=any(attempt.commits for attempt in line.attempts),
        scales=History((*line.attempts, *line.rollbacks), tuple(link.incident for link in links)).scales,
    )


def _by_application(deployments: Sequence[Deployment]) -> Iterator[Deployment]:
    """The deployments, with the application before the service's name where two have a group of that name."""
    applications: dict[str, set[str]] = {}
    for deployment in deployments:
        if deployment.application:
            applications.setdefault(deployment.service, set()).add(deployment.application)
    for deployment in deployments:
        if deployment.application and len(applications[deployment.service]) > 1:
            yield replace(deployment, service=f"{deployment.application}/{deployment.service}")
        else:
            yield deployment


def _services_of(lines: Mapping[str, Timeline], links: Iterable[IncidentLink]) -> dict[str, set[str]]:
    """The services that a deployment or an incident concerns, by id."""
    services_of: dict[str, set[str]] = {}
    for service, line in lines.items():
        for attempt in line.attempts:
            services_of.setdefault(attempt.id, set()).add(service)
    for link in links:
        services_of.setdefault(link.incident.id, set()).add(link.service)
    return services_of


def _concerned(link: IncidentLink) -> tuple[str, str]:
    """The service of an incident, and that of the deployment which caused it."""
    return link.incident.service, link.service


def _of_class(classified: Iterable[ClassifiedDeployment], *kinds: str) -> list[ClassifiedDeployment]:
    chosen = (deployment for deployment in classified if deployment.kind in kinds)
    return sorted(chosen, key=lambda deployment: (deployment.at, deployment.deployment.id))


def _without_service(incidents: Iterable[Incident], services: Container[str]) -> list[Note]:
    return [
        Note("incidents", incident.id, f"its service {incident.service or '(none)'} has no deployments")
        for incident in sorted(incidents, key=lambda incident: (incident.service, by_opening(incident)))
        if incident.service not in services
    ]
