"""A report as plain values for `--json` and the table on AWS: every figure with the ids behind it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from dora import formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.incident_links import IncidentLink
from dora.lead_time import LeadTime
from dora.lead_time_phases import phases
from dora.metrics import Figure, Report, ServiceMetrics
from dora.recovery import Outage
from dora.times import utc

Value = Any  # dicts, iterators of values, texts and numbers


def document(report: Report) -> dict[str, Any]:
    """The report as dicts, lists, texts and numbers: instants in ISO 8601, lengths of time in seconds."""
    plain: dict[str, Any] = _plain(_report(report))
    return plain


def write(report: Report, file: TextIO) -> None:
    """Write the document as JSON, record by record: it may be larger than what memory holds of it at once."""
    for text in _json(_report(report), ""):
        file.write(text)
    file.write("\n")


def _plain(value: Value) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return list(value) if isinstance(value, Iterator) else value


def _json(value: Value, indent: str) -> Iterator[str]:
    inner = indent + " "
    if isinstance(value, dict) and any(isinstance(member, dict | Iterator) for member in value.values()):
        yield "{"
        for number, (key, member) in enumerate(value.items()):
            yield f"{',' if number else ''}\n{inner}{json.dumps(key)}: "
            yield from _json(member, inner)
        yield f"\n{indent}}}"
    elif isinstance(value, Iterator):
        opening = "["
        for element in value:
            yield f"{opening}\n{inner}{json.dumps(element)}"
            opening = ","
        yield "[]" if opening == "[" else f"\n{indent}]"
    else:
        yield json.dumps(value)


def _report(report: Report) -> dict[str, Value]:
    measured = [*report.services.values(), *([report.total] if report.total else [])]
    services = {service.service: _service(service, report) for service in measured}
    return {
        "window": {"start": utc(report.window.start), "end": utc(report.window.end), "half_open": True},
        "covered": {"start": utc(report.covered.start), "days": report.days},
        "at": utc(report.at),
        "time_scale": list(report.scales),
        "warning": formatting.scale(report.scales),
        "parameters": asdict(report.rules),
        "services": {name: services[name] for name in report.services},
        "all_services": services[report.total.service] if report.total else None,
        "notes": (note._asdict() for note in report.notes),
        "levels": {
            "year": levels.YEAR,
            "source": levels.SOURCE,
            "caveat": levels.CAVEAT,
            "table": dict(levels.TABLE),
            "industry_source": levels.INDUSTRY_SOURCE,
        },
    }


def _service(measured: ServiceMetrics, report: Report) -> dict[str, Value]:
    oriented = levels.orient(measured.figures)
    return {
        "metrics": {
            name: _figure(figure) | {"orientation": _orientation(oriented[name])}
            for name, figure in measured.figures.items()
        },
        "quick_check_score": levels.mean_score(measured.figures),
        "time_scale": max(measured.scales, default=1.0),
        "phases_s": {phase.name: asdict(phase.summary) for phase in phases(measured)},
        "deployments": map(_deployment, measured.counted),
        "commits": map(_lead, measured.leads),
        "clock_problems": map(_lead, measured.backwards),
        "caught_before_users": map(_deployment, measured.blocked),
        "failed_and_unknown": map(_deployment, measured.unknown),
        "running": (running.deployment.id for running in measured.running),
        "outages": (_outage(outage, report.at) for outage in measured.outages),
        "open_failures": (_outage(outage, report.at) for outage in measured.open_outages),
        "incidents_not_caused_by_a_change": map(_incident, measured.unlinked),
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
        "sources": figure.sources or None,
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
