"""A report as plain values for `--json`: every figure with the ids that it was computed from."""

from typing import Any

from dora import levels, wording
from dora.classes import Judged
from dora.lead_time import LeadTime
from dora.linking import Link
from dora.metrics import Figure, Measured, Report
from dora.outages import Outage
from dora.parameters import Parameters
from dora.phases import phases
from dora.windows import utc


def document(report: Report) -> dict[str, Any]:
    """Times are UTC in ISO 8601, durations seconds."""
    return {
        "window": {"start": utc(report.window.start), "end": utc(report.window.end), "half_open": True},
        "at": utc(report.at),
        "time_scale": list(report.scales),
        "warning": wording.scale(report.scales),
        "parameters": {name: getattr(report.parameters, name) for name in Parameters.__slots__},
        "services": {name: _service(one, report) for name, one in report.services.items()},
        "notes": [note._asdict() for note in report.notes],
        "levels": {
            "year": levels.YEAR,
            "source": levels.SOURCE,
            "caveat": levels.CAVEAT,
            "table": dict(levels.TABLE),
            "industry_source": levels.INDUSTRY_SOURCE,
        },
    }


def _service(one: Measured, report: Report) -> dict[str, Any]:
    oriented = levels.orient(one.figures)
    return {
        "metrics": {
            name: _figure(figure) | {"orientation": _orientation(oriented[name])}
            for name, figure in one.figures.items()
        },
        "quick_check_score": levels.mean_score(one.figures),
        "time_scale": max(one.scales, default=1.0),
        "phases_s": {phase.name: _summary(phase.summary) for phase in phases(one)},
        "deployments": [_judged(judged) for judged in one.counted],
        "commits": [_lead(lead) for lead in one.leads],
        "clock_problems": [_lead(lead) for lead in one.backwards],
        "caught_before_users": [_judged(judged) for judged in one.blocked],
        "running": [judged.deployment.id for judged in one.running],
        "outages": [_outage(outage, report.at) for outage in one.outages],
        "open_failures": [_outage(outage, report.at) for outage in one.open_outages],
        "incidents_not_caused_by_a_change": [_link(link) for link in one.unlinked],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "value": figure.value,
        "unit": figure.unit,
        "n": figure.n,
        "numerator": figure.numerator,
        "denominator": figure.n if figure.numerator is not None else None,
        "summary": _summary(figure.summary) if figure.summary else None,
        "formula": figure.formula,
        "reason": figure.reason or None,
        "remarks": list(figure.remarks),
        "deployments": list(figure.deployments),
    }


def _summary(one: Any) -> dict[str, float]:
    return {"n": one.n, "median": one.median, "mean": one.mean, "p90": one.p90}


def _orientation(one: levels.Orientation) -> dict[str, Any]:
    return {"cluster": one.cluster or None, "score": one.score, "industry_mean_score": one.industry}


def _judged(one: Judged) -> dict[str, Any]:
    deployment = one.deployment
    return {
        "id": deployment.id,
        "revision": deployment.revision,
        "class": one.kind,
        "status": deployment.status,
        "at": utc(one.at),
        "reasons": [reason.words for reason in one.reasons]
        or ([deployment.error] if deployment.error else []),
        "rework": [
            {
                "signal": signal.kind,
                "by": signal.by,
                "repairs": signal.repairs,
                "inferred": signal.is_inferred,
            }
            for signal in one.rework
        ],
        "commits": [commit.sha for commit in one.commits],
    }


def _lead(one: LeadTime) -> dict[str, Any]:
    return {
        "sha": one.commit.sha,
        "subject": one.commit.subject,
        "committed": utc(one.commit.committed_at),
        "live": utc(one.at),
        "seconds": one.seconds,
        "deployment": one.deployment.id,
    }


def _outage(one: Outage, at: float) -> dict[str, Any]:
    return {
        "deployments": list(one.deployments),
        "began": utc(one.began_at),
        "recovered": utc(one.recovery.at) if one.recovery else None,
        "how": one.recovery.how if one.recovery else None,
        "seconds": one.seconds if one.recovery else None,
        "seconds_from_first_alarm": one.seconds_from_notice,
        "open_for_s": None if one.recovery else max(0.0, at - one.began_at),
    }


def _link(one: Link) -> dict[str, Any]:
    return {
        "id": one.incident.id,
        "opened": utc(one.incident.opened_at),
        "title": one.incident.title,
        "why": one.how,
    }
