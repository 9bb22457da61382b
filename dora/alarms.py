"""Incidents from CloudWatch alarms' state changes: an incident lasts from ALARM until any other state."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from dora.counting_rules import CountingRules
from dora.records import AlarmChange, Incident, Note, by_opening
from dora.times import utc

ALARM = "ALARM"
SOURCE = "alarms"


def incidents(changes: Iterable[AlarmChange], services: Iterable[str], notes: list[Note]) -> list[Incident]:
    """The incidents of the alarms that have a service's name as a word of theirs.

    Other alarms, and alarms whose begin is not known, are added to `notes`."""
    names = sorted(services, key=lambda name: (-len(name), name))
    rang = []
    for alarm, group in groupby(_distinct(changes), key=lambda change: change.alarm):
        service = next((name for name in names if is_of(name, alarm)), "")
        if not service:
            known = ", ".join(sorted(names)) or "none is known"
            notes.append(Note(SOURCE, alarm, f"the alarm's name holds no service's name ({known})"))
            continue
        rang += [replace(incident, service=service) for incident in _ringings(list(group), notes)]
    return rang


def merge_flaps(incidents: Iterable[Incident], rules: CountingRules) -> list[Incident]:
    """Merge an alarm's incidents that are closer than the rules' gap; reported incidents stay as they are."""
    kept: list[Incident] = []
    ordered = sorted(incidents, key=lambda incident: (incident.alarm, incident.service, by_opening(incident)))
    for (alarm, _), group in groupby(ordered, key=lambda incident: (incident.alarm, incident.service)):
        ringings = list(group)
        kept += _merged(ringings, rules) if alarm else ringings
    return kept


def _distinct(changes: Iterable[AlarmChange]) -> list[AlarmChange]:
    """The changes by alarm and time, each once: an event and the alarm's history tell of the same change."""
    distinct: dict[tuple[str, float, str], AlarmChange] = {}
    for change in sorted(changes, key=repr):
        key = (change.alarm, round(change.at, 3), change.state)
        known = distinct.setdefault(key, change)
        distinct[key] = known._replace(
            before=known.before or change.before,
            before_at=change.before_at if known.before_at is None else known.before_at,
            event=known.event or change.event,
            reason=known.reason or change.reason,
            scale=max(known.scale, change.scale),
            root_cause=known.root_cause or change.root_cause,
        )
    return [distinct[key] for key in sorted(distinct)]


def is_of(service: str, alarm: str) -> bool:
    """Whether an alarm is of a service: its words stand in the alarm's name, of `app/orders` both."""
    return all(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", alarm, re.IGNORECASE)
        for word in service.split("/")
    )


def _ringings(changes: list[AlarmChange], notes: list[Note]) -> Iterator[Incident]:
    """The times in which an alarm rang; the next change's earlier state tells of a change that was lost."""
    opened: AlarmChange | None = None
    for _, simultaneous in groupby(changes, key=lambda change: change.at):
        pending = list(simultaneous)
        while pending:
            change = _next_change(pending, is_ringing=opened is not None)
            if change.state == ALARM:
                opened = opened or change
                opened = opened._replace(root_cause=opened.root_cause or change.root_cause)
            elif opened:
                yield _incident(opened, opened.at, change.at)
                opened = None
            elif change.before == ALARM and change.before_at is not None:
                yield _incident(change._replace(reason=""), change.before_at, change.at)
            elif change.before == ALARM:
                notes.append(Note(SOURCE, change.event, "an alarm ended, and when it began is not known"))
    if opened:
        yield _incident(opened, opened.at, None)


def _next_change(pending: list[AlarmChange], *, is_ringing: bool) -> AlarmChange:
    """Take the next of simultaneous changes: one that begins with the state that the alarm is in."""
    fitting = (n for n, change in enumerate(pending) if (change.before == ALARM) == is_ringing)
    return pending.pop(next(fitting, 0))


def _incident(change: AlarmChange, opened_at: float, closed_at: float | None) -> Incident:
    return Incident(
        id=f"{change.alarm}@{utc(opened_at)}",
        service="",
        opened_at=opened_at,
        closed_at=closed_at,
        title=change.reason,
        source="alarm",
        alarm=change.alarm,
        root_cause=change.root_cause,
        scale=change.scale,
    )


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
                root_cause=last.root_cause or ringing.root_cause,
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
