"""One record for each id, whichever sources had it, how often, and in whichever order."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import TypeVar

from dora.records import Deployment, History, Incident, Note

Record = TypeVar("Record", Deployment, Incident)
TRAFFIC = ("exposed_at", "live_at", "restored_at", "knows_traffic")
EMPTY: tuple[object, ...] = (None, "", (), False)


def unique(records: Iterable[Record]) -> list[Record]:
    """One record of each id; of records that differ always the same one, whatever their order."""
    kept: dict[str, Record] = {}
    for record in records:
        earlier = kept.setdefault(record.id, record)
        if earlier is not record and earlier != record:
            kept[record.id] = max(earlier, record, key=repr)
    return list(kept.values())


def combine(histories: Iterable[History]) -> History:
    """Several sources as one history; of a record in two of them, the later one's fields take precedence."""
    deployments: dict[str, Deployment] = {}
    incidents: dict[str, Incident] = {}
    notes: list[Note] = []
    has_incident_source = False
    for history in histories:
        _add(deployments, history.deployments)
        _add(incidents, history.incidents)
        notes += history.notes
        has_incident_source |= history.has_incident_source
    observed = {deployment.id for deployment in deployments.values() if deployment.knows_traffic}
    kept = tuple(note for note in dict.fromkeys(notes) if not (note.is_about_traffic and note.id in observed))
    return History(tuple(deployments.values()), tuple(incidents.values()), kept, has_incident_source)


def _add(known: dict[str, Record], records: Iterable[Record]) -> None:
    for record in unique(records):
        known[record.id] = _completed(record, known[record.id]) if record.id in known else record


def _completed(record: Record, earlier: Record) -> Record:
    """`record`, with the fields that it lacks taken from an earlier source's record of the same id."""
    lacking = {
        field.name: getattr(earlier, field.name)
        for field in fields(record)
        if getattr(record, field.name) in EMPTY or (field.name == "scale" and record.scale == 1)
    }
    if isinstance(record, Deployment) and isinstance(earlier, Deployment):
        observer = record if record.knows_traffic or not earlier.knows_traffic else earlier
        lacking |= {name: getattr(observer, name) for name in TRAFFIC}
        if not (record.knows_traffic or earlier.knows_traffic):
            lacking |= {name: getattr(record, name) or getattr(earlier, name) for name in TRAFFIC}
    return replace(record, **lacking)
