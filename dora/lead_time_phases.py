"""The phases of lead time: waiting for the pipeline, build, approval, deployment, canary."""

from collections.abc import Sequence
from typing import NamedTuple

from dora.lead_time import LeadTime
from dora.metrics import ServiceMetrics
from dora.summary_statistics import Summary, summarise
from dora.timeline import exposed_at


class Phase(NamedTuple):
    """Seconds of one phase, over commits for the first phase and over live deployments for the others."""

    name: str
    summary: Summary


def phases(measured: ServiceMetrics) -> list[Phase]:
    """The phases of which any time is known, in the order in which a commit passes them."""
    live = [counted.deployment for counted in measured.counted if counted.deployment.is_delivered]
    shifted = [deployment for deployment in live if deployment.exposed_at != deployment.live_at]
    # or nobody knows when the first user saw it
    at_once = [deployment for deployment in live if deployment.exposed_at == deployment.live_at]
    times = {
        "commit to pipeline": _waits(measured.leads),
        "build": [deployment.build_s for deployment in live],
        "approval": [deployment.approval_s for deployment in live],
        "deploy, until users saw it": [_between(shift.started_at, shift.exposed_at) for shift in shifted],
        "canary, to all users": [_between(exposed_at(shift), shift.live_at) for shift in shifted],
        "deploy, to all users at once": [_between(shift.started_at, shift.live_at) for shift in at_once],
    }
    known = {name: [value for value in values if value is not None] for name, values in times.items()}
    return [Phase(name, summary) for name, values in known.items() if (summary := summarise(values))]


def _waits(leads: Sequence[LeadTime]) -> list[float | None]:
    return [_between(lead.commit.committed_at, lead.deployment.triggered_at) for lead in leads]


def _between(begin: float, end: float | None) -> float | None:
    return None if end is None or end < begin else end - begin
