"""One record for each id, whichever sources had it, how often, and in whichever order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from dora.records import RUNNING, AlarmChange, Deployment, History, Incident, Note

Record = TypeVar("Record", Deployment, Incident)
Identity = tuple[str, ...]
TRAFFIC = ("exposed_at", "live_at", "restored_at", "never_exposed", "knows_traffic")
UNITED = ("fixes", "incidents")  # of several records, all that any of them lists


def identity(record: Deployment | Incident) -> Identity:
    """What makes two records one: a deployment's id, an incident's id and service."""
    return (record.id,) if isinstance(record, Deployment) else (record.id, record.service)


def corrected(reports: Iterable[tuple[float, Record]]) -> list[Record]:
    """One record of each identity, of reports with the time of each (epoch seconds): a later one corrects.

    A report that was sent again counts from when it was sent first; a deployment that was over does not run
    again; of simultaneous reports that differ always the same one is taken for the later."""
    first_sent: dict[Identity, list[tuple[float, Record]]] = {}
    for at, record in reports:
        known = first_sent.setdefault(identity(record), [])
        for position, (known_at, known_record) in enumerate(known):
            if known_record == record:
                known[position] = (min(at, known_at), record)
                break
        else:
            known.append((at, record))
    return [_folded(known) for known in first_sent.values()]


def unique(records: Iterable[Record]) -> list[Record]:
    """One record of each identity, of records whose order says nothing."""
    return corrected((0.0, record) for record in records)


def combine(histories: Iterable[History]) -> History:
    """Several sources as one history; of a record in two of them, the later one's fields take precedence."""
    deployments: dict[Identity, Deployment] = {}
    incidents: dict[Identity, Incident] = {}
    notes: list[Note] = []
    alarms: list[AlarmChange] = []
    sources: frozenset[str] = frozenset()
    for history in histories:
        notes += _of_other_services(deployments, history.deployments)
        _add(deployments, history.deployments)
        _add(incidents, history.incidents)
        notes += history.notes
        alarms += history.alarms
        sources |= history.incident_sources
    observed = {deployment.id for deployment in deployments.values() if deployment.knows_traffic}
    kept = tuple(note for note in dict.fromkeys(notes) if not (note.is_about_traffic and note.id in observed))
    return History(tuple(deployments.values()), tuple(incidents.values()), kept, tuple(alarms), sources)


def _of_other_services(
    known: Mapping[Identity, Deployment], deployments: Iterable[Deployment]
) -> Iterator[Note]:
    """Notes on deployments that an earlier source has with another service."""
    for deployment in deployments:
        earlier = known.get(identity(deployment))
        if earlier and earlier.service != deployment.service:
            words = f"{earlier.service} and {deployment.service} have a deployment of this id in two sources"
            place = f" ({deployment.origin})" if deployment.origin else ""
            yield Note("sources", deployment.id, f"{words}: it counts for {deployment.service}{place}")


def _add(known: dict[Identity, Record], records: Iterable[Record]) -> None:
    for record in unique(records):
        key = identity(record)
        known[key] = _completed(record, known[key]) if key in known else record


def _folded(reports: list[tuple[float, Record]]) -> Record:
    if len(reports) == 1:
        return reports[0][1]
    ordered = sorted(reports, key=lambda report: (report[0], not _is_running(report[1]), repr(report[1])))
    folded = ordered[0][1]
    for _, record in ordered[1:]:
        folded = _completed(record, folded)
    return folded


def _completed(record: Record, earlier: Record) -> Record:
    """`record`, with the fields that it lacks taken from an earlier record of the same identity."""
    changes: dict[str, Any] = {
        field.name: getattr(earlier, field.name)
        for field in fields(record)
        if _is_empty(getattr(record, field.name)) or (field.name == "scale" and record.scale == 1)
    }
    if isinstance(record, Deployment) and isinstance(earlier, Deployment):
        changes |= _of_both(record, earlier)
    return replace(record, **changes)


def _is_empty(value: object) -> bool:
    return value is None or value is False or value in ("", ())  # 0.0 is a time, though it equals False


def _of_both(record: Deployment, earlier: Deployment) -> dict[str, Any]:
    """The fields of a deployment that follow from two records of it, rather than from the later one."""
    changes: dict[str, Any] = {
        name: tuple(dict.fromkeys((*getattr(earlier, name), *getattr(record, name)))) for name in UNITED
    }
    if earlier.commits and record.commits:
        changes |= _commits_of_both(record, earlier)
    if _is_running(record) and not _is_running(earlier):
        changes |= {"status": earlier.status, "ended_at": earlier.ended_at or record.ended_at}
    if record.knows_traffic != earlier.knows_traffic:
        observer = record if record.knows_traffic else earlier
        changes |= {name: getattr(observer, name) for name in TRAFFIC}
    return changes


def _commits_of_both(record: Deployment, earlier: Deployment) -> dict[str, Any]:
    """The commits that somebody listed in two records; else those of the later record."""
    if record.commits_are != earlier.commits_are:
        return {"commits": record.commits, "commits_are": record.commits_are}
    by_sha = {commit.sha: commit for commit in (*earlier.commits, *record.commits)}
    return {"commits": tuple(by_sha.values())}


def _is_running(record: Deployment | Incident) -> bool:
    return isinstance(record, Deployment) and record.status == RUNNING
