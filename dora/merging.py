"""One record per id, whatever came twice and in whichever order; alarms that flap become one incident."""

from collections.abc import Iterable
from dataclasses import fields, replace
from itertools import groupby
from typing import TypeVar

from dora.parameters import Parameters
from dora.records import Deployment, History, Incident, Note

Record = TypeVar("Record", Deployment, Incident)
TRAFFIC = ("exposed_at", "live_at", "restored_at", "knows_traffic")
EMPTY: tuple[object, ...] = (None, "", (), False)


def unique(records: Iterable[Record]) -> list[Record]:
    """One of each id; of records that differ, always the same one, whatever their order."""
    found: dict[str, Record] = {}
    for one in records:
        other = found.setdefault(one.id, one)
        if other is not one and other != one:
            found[one.id] = max(other, one, key=repr)
    return list(found.values())


def combine(histories: Iterable[History]) -> History:
    """Several sources as one: of a record that two know, the later source's fields stand first."""
    deployments: dict[str, Deployment] = {}
    incidents: dict[str, Incident] = {}
    notes: list[Note] = []
    is_looked_for = False
    for history in histories:
        _add(deployments, history.deployments)
        _add(incidents, history.incidents)
        notes += history.notes
        is_looked_for |= history.has_incident_source
    known = {one.id for one in deployments.values() if one.knows_traffic}
    kept = tuple(note for note in dict.fromkeys(notes) if not (note.is_about_traffic and note.id in known))
    return History(tuple(deployments.values()), tuple(incidents.values()), kept, is_looked_for)


def _add(known: dict[str, Record], more: Iterable[Record]) -> None:
    for one in unique(more):
        known[one.id] = _filled(one, known[one.id]) if one.id in known else one


def _filled(one: Record, other: Record) -> Record:
    """`one`, and what it lacks from the other."""
    lacking = {
        field.name: getattr(other, field.name)
        for field in fields(one)
        if getattr(one, field.name) in EMPTY or (field.name == "scale" and one.scale == 1)
    }
    if isinstance(one, Deployment) and isinstance(other, Deployment):
        knowing = one if one.knows_traffic or not other.knows_traffic else other
        lacking |= {name: getattr(knowing, name) for name in TRAFFIC}
        if not (one.knows_traffic or other.knows_traffic):
            lacking |= {name: getattr(one, name) or getattr(other, name) for name in TRAFFIC}
    return replace(one, **lacking)


def merge_flaps(incidents: Iterable[Incident], parameters: Parameters) -> list[Incident]:
    """What alarms said becomes one incident where the same alarm came back within the gap."""
    ordered = sorted(incidents, key=lambda one: (one.service, one.alarm, one.opened_at, one.id))
    kept: list[Incident] = []
    for (_, alarm), group in groupby(ordered, key=lambda one: (one.service, one.alarm)):
        spans = list(group)
        kept += _merged(spans, parameters) if alarm else spans
    return kept


def _merged(spans: Iterable[Incident], parameters: Parameters) -> list[Incident]:
    merged: list[Incident] = []
    for span in spans:
        last = merged[-1] if merged else None
        gap_s = parameters.flap_gap_s / span.scale
        if last and (last.closed_at is None or span.opened_at - last.closed_at < gap_s):
            merged[-1] = replace(
                last,
                closed_at=_later(last.closed_at, span.closed_at),
                deployment=last.deployment or span.deployment,
            )
        else:
            merged.append(span)
    return [
        one
        for one in merged
        if one.closed_at is None
        or one.closed_at - one.opened_at >= parameters.shortest_incident_s / one.scale
    ]


def _later(one: float | None, other: float | None) -> float | None:
    """An alarm that came back was over before, even where nobody heard of it."""
    return other if one is None or other is None else max(one, other)
