"""Where lead time goes: waiting for the pipeline, build, approval, deployment, canary."""

from collections.abc import Sequence
from typing import NamedTuple

from dora.lead_time import LeadTime
from dora.metrics import Measured
from dora.summary import Summary, summarise
from dora.timeline import exposed_at


class Phase(NamedTuple):
    """Seconds, over commits for the first and over deployments that went live for the rest."""

    name: str
    summary: Summary


def phases(measured: Measured) -> list[Phase]:
    """Those of which anything is known."""
    live = [one.deployment for one in measured.counted if one.deployment.is_delivered]
    shifted = [one for one in live if one.exposed_at != one.live_at]
    at_once = [one for one in live if one.exposed_at == one.live_at]  # or nobody knows when the first saw it
    found = {
        "commit to pipeline": _waits(measured.leads),
        "build": [one.build_s for one in live],
        "approval": [one.approval_s for one in live],
        "deploy, until users saw it": [_between(one.started_at, one.exposed_at) for one in shifted],
        "canary, to all users": [_between(exposed_at(one), one.live_at) for one in shifted],
        "deploy, to all users at once": [_between(one.started_at, one.live_at) for one in at_once],
    }
    known = {name: [value for value in values if value is not None] for name, values in found.items()}
    return [Phase(name, summary) for name, values in known.items() if (summary := summarise(values))]


def _waits(leads: Sequence[LeadTime]) -> list[float | None]:
    return [_between(lead.commit.committed_at, lead.deployment.triggered_at) for lead in leads]


def _between(begin: float, end: float | None) -> float | None:
    return None if end is None or end < begin else end - begin
