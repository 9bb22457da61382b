"""A whole history judged: every class, link, lead time and outage of every service, before any window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dora import rework
from dora.classes import BLOCKED, COUNTED, RUNNING, Judged, judge, reasons
from dora.lead_time import LeadTime, carry
from dora.linking import Link, link
from dora.merging import merge_flaps, unique
from dora.outages import Outage, outages
from dora.parameters import Parameters
from dora.records import Deployment, History, Incident, Note
from dora.timeline import Timeline, timelines


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """One service; every sequence in the order of time."""

    service: str
    counted: list[Judged]  # ok and failed
    blocked: list[Judged]
    running: list[Judged]
    rollbacks: list[Deployment]
    leads: list[LeadTime]
    backwards: list[LeadTime]
    outages: list[Outage]
    links: list[Link]
    first_live: str  # has no lead time
    knows_commits: bool
    scales: tuple[float, ...]  # other than real time


@dataclass(frozen=True, slots=True)
class JudgedHistory:
    """All services by name, and what could not be used."""

    services: dict[str, ServiceHistory]
    notes: tuple[Note, ...]
    parameters: Parameters
    has_incident_source: bool


def judge_history(history: History, parameters: Parameters | None = None) -> JudgedHistory:
    """Apply every rule of docs/dora.md. Neither order nor duplicates of the records matter."""
    parameters = parameters or Parameters()
    lines = timelines(unique(history.deployments))
    incidents = merge_flaps(unique(history.incidents), parameters)
    by_service: dict[str, list[Incident]] = {}
    for one in incidents:
        by_service.setdefault(one.service, []).append(one)
    homes = {one.id: line.service for line in lines for one in line.attempts}
    homes |= {one.id: one.service for one in incidents}
    services = {
        line.service: _judge_service(line, by_service.get(line.service, []), homes, parameters)
        for line in lines
    }
    notes = (*history.notes, *_strangers(by_service, services))
    return JudgedHistory(services, notes, parameters, history.has_incident_source or bool(incidents))


def _judge_service(
    line: Timeline, incidents: Sequence[Incident], homes: dict[str, str], parameters: Parameters
) -> ServiceHistory:
    carried = carry(line)
    links = link(line, incidents, parameters)
    known = rework.known(line, carried, links, homes, parameters)
    signals = {one.id: rework.signals(one, known) for one in line.exposed}
    why = reasons(line, links, [(one, signals[one.id]) for one in line.exposed])
    judged = {
        one.id: judge(
            one, why.get(one.id, ()), signals.get(one.id, ()), carried.by_deployment.get(one.id, ())
        )
        for one in line.attempts
    }
    return ServiceHistory(
        service=line.service,
        counted=_of(judged.values(), *COUNTED),
        blocked=_of(judged.values(), BLOCKED),
        running=_of(judged.values(), RUNNING),
        rollbacks=line.rollbacks,
        leads=carried.leads,
        backwards=carried.backwards,
        outages=outages(line, judged, links),
        links=links,
        first_live=next((one.id for one in line.attempts if one.is_delivered), ""),
        knows_commits=any(one.commits for one in line.attempts),
        scales=History((*line.attempts, *line.rollbacks), tuple(incidents)).scales,
    )


def _of(judged: Iterable[Judged], *kinds: str) -> list[Judged]:
    return sorted((one for one in judged if one.kind in kinds), key=lambda one: (one.at, one.deployment.id))


def _strangers(incidents: dict[str, list[Incident]], services: dict[str, ServiceHistory]) -> list[Note]:
    return [
        Note("incidents", one.id, f"its service {service or '(none)'} has no deployments")
        for service in sorted(incidents)
        if service not in services
        for one in sorted(incidents[service], key=lambda one: (one.opened_at, one.id))
    ]
