"""Alarms that flap: an alarm that returns within minutes, and an alarm that is over too soon to count."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from dora.counting_rules import CountingRules
from dora.records import Incident


def merge_flaps(incidents: Iterable[Incident], rules: CountingRules) -> list[Incident]:
    """Merge an alarm's incidents that are closer than the rules' gap; reported incidents stay as they are."""
    ordered = sorted(
        incidents, key=lambda incident: (incident.service, incident.alarm, incident.opened_at, incident.id)
    )
    kept: list[Incident] = []
    for (_, alarm), group in groupby(ordered, key=lambda incident: (incident.service, incident.alarm)):
        ringings = list(group)
        kept += _merged(ringings, rules) if alarm else ringings
    return kept


def _merged(ringings: Iterable[Incident], rules: CountingRules) -> list[Incident]:
    merged: list[Incident] = []
    for ringing in ringings:
        last = merged[-1] if merged else None
        gap_s = rules.flap_gap_s / ringing.scale
        if last and (last.closed_at is None or ringing.opened_at - last.closed_at < gap_s):
            merged[-1] = replace(
                last,
                closed_at=_later_end(last.closed_at, ringing.closed_at),
                deployment=last.deployment or ringing.deployment,
            )
        else:
            merged.append(ringing)
    return [incident for incident in merged if _is_long_enough(incident, rules)]


def _is_long_enough(incident: Incident, rules: CountingRules) -> bool:
    shortest_s = rules.shortest_incident_s / incident.scale
    return incident.closed_at is None or incident.closed_at - incident.opened_at >= shortest_s


def _later_end(first: float | None, second: float | None) -> float | None:
    """An alarm that rang again had been over before, even where its end was not reported."""
    return second if first is None or second is None else max(first, second)
