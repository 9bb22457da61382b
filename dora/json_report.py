"""A report as plain values for `--json` and the table on AWS: every figure with the ids behind it."""

from dataclasses import asdict
from typing import Any

from dora import formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.incident_links import IncidentLink
from dora.lead_time import LeadTime
from dora.lead_time_phases import phases
from dora.metrics import Figure, Report, ServiceMetrics
from dora.recovery import Outage
from dora.times import utc


def document(report: Report) -> dict[str, Any]:
    """The report as dicts, lists, texts and numbers: instants in ISO 8601, lengths of time in seconds."""
    return {
        "window": {"start": utc(report.window.start), "end": utc(report.window.end), "half_open": True},
        "at": utc(report.at),
        "time_scale": list(report.scales),
        "warning": formatting.scale(report.scales),
        "parameters": asdict(report.rules),
        "services": {name: _service(measured, report) for name, measured in report.services.items()},
        "notes": [note._asdict() for note in report.notes],
        "levels": {
            "year": levels.YEAR,
            "source": levels.SOURCE,
            "caveat": levels.CAVEAT,
            "table": dict(levels.TABLE),
            "industry_source": levels.INDUSTRY_SOURCE,
        },
    }


def _service(measured: ServiceMetrics, report: Report) -> dict[str, Any]:
    oriented = levels.orient(measured.figures)
    return {
        "metrics": {
            name: _figure(figure) | {"orientation": _orientation(oriented[name])}
            for name, figure in measured.figures.items()
        },
        "quick_check_score": levels.mean_score(measured.figures),
        "time_scale": max(measured.scales, default=1.0),
        "phases_s": {phase.name: asdict(phase.summary) for phase in phases(measured)},
        "deployments": [_deployment(counted) for counted in measured.counted],
        "commits": [_lead(lead) for lead in measured.leads],
        "clock_problems": [_lead(lead) for lead in measured.backwards],
        "caught_before_users": [_deployment(blocked) for blocked in measured.blocked],
        "running": [running.deployment.id for running in measured.running],
        "outages": [_outage(outage, report.at) for outage in measured.outages],
        "open_failures": [_outage(outage, report.at) for outage in measured.open_outages],
        "incidents_not_caused_by_a_change": [_incident(link) for link in measured.unlinked],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "value": figure.value,
        "unit": figure.unit,
        "n": figure.n,
        "numerator": figure.numerator,
        "denominator": figure.n if figure.numerator is not None else None,
        "summary": asdict(figure.summary) if figure.summary else None,
        "formula": figure.formula,
        "reason": figure.reason or None,
        "remarks": list(figure.remarks),
        "deployments": list(figure.deployments),
    }


def _orientation(oriented: levels.Orientation) -> dict[str, Any]:
    return {
        "cluster": oriented.cluster or None,
        "score": oriented.score,
        "industry_mean_score": oriented.industry,
    }


def _deployment(classified: ClassifiedDeployment) -> dict[str, Any]:
    deployment = classified.deployment
    return {
        "id": deployment.id,
        "revision": deployment.revision,
        "class": classified.kind,
        "status": deployment.status,
        "at": utc(classified.at),
        "reasons": formatting.reasons(classified),
        "rework": [
            {
                "signal": signal.kind,
                "by": signal.by,
                "repairs": signal.repairs,
                "inferred": signal.is_inferred,
            }
            for signal in classified.rework
        ],
        "commits": [commit.sha for commit in classified.commits],
    }


def _lead(lead: LeadTime) -> dict[str, Any]:
    return {
        "sha": lead.commit.sha,
        "subject": lead.commit.subject,
        "committed": utc(lead.commit.committed_at),
        "live": utc(lead.at),
        "seconds": lead.seconds,
        "deployment": lead.deployment.id,
    }


def _outage(outage: Outage, at: float) -> dict[str, Any]:
    return {
        "deployments": list(outage.deployments),
        "began": utc(outage.began_at),
        "recovered": utc(outage.recovery.at) if outage.recovery else None,
        "how": outage.recovery.how if outage.recovery else None,
        "seconds": outage.seconds if outage.recovery else None,
        "seconds_from_first_alarm": outage.seconds_from_notice,
        "open_for_s": None if outage.recovery else max(0.0, at - outage.began_at),
    }


def _incident(link: IncidentLink) -> dict[str, Any]:
    return {
        "id": link.incident.id,
        "opened": utc(link.incident.opened_at),
        "title": link.incident.title,
        "why": link.how,
    }
