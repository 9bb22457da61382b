"""Incidents from CloudWatch alarms' state changes: an incident lasts from ALARM until any other state."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dora.records import Incident, Note
from dora.times import utc

ALARM = "ALARM"


class StateChange(NamedTuple):
    """An alarm's state from `at` on (epoch seconds), and the state before it."""

    at: float
    state: str
    before: str = ""
    before_at: float | None = None
    event: str = ""
    reason: str = ""


def incidents(
    changes: dict[str, list[StateChange]],
    services: Iterable[str],
    notes: list[Note],
    source: str,
    scale: float = 1.0,
) -> list[Incident]:
    """The incidents of the alarms (state changes by alarm name) whose name has a service's name as a word.

    Other alarms, and alarms whose begin is not known, are added to `notes`."""
    names = sorted(services, key=lambda name: (-len(name), name))
    rang = []
    for alarm in sorted(changes):
        service = next((name for name in names if _is_word_of(name, alarm)), "")
        if not service:
            known = ", ".join(sorted(names)) or "none is known"
            notes.append(Note(source, alarm, f"the alarm's name holds no service's name ({known})"))
            continue
        rang += [
            Incident(
                id=f"{alarm}@{utc(opened_at)}",
                service=service,
                opened_at=opened_at,
                closed_at=closed_at,
                title=reason,
                source="alarm",
                alarm=alarm,
                scale=scale,
            )
            for opened_at, closed_at, reason in _ringings(sorted(changes[alarm]), notes, source)
        ]
    return rang


def _is_word_of(service: str, alarm: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(service)}(?![A-Za-z0-9])", alarm, re.IGNORECASE))


def _ringings(
    changes: list[StateChange], notes: list[Note], source: str
) -> Iterator[tuple[float, float | None, str]]:
    """Begin, end and reason of each ringing; the next change's earlier state tells of one that was lost."""
    opened: tuple[float, str] | None = None
    for change in changes:
        if change.state == ALARM:
            opened = opened or (change.at, change.reason)
        elif opened:
            yield opened[0], change.at, opened[1]
            opened = None
        elif change.before == ALARM and change.before_at is not None:
            yield change.before_at, change.at, ""
        elif change.before == ALARM:
            notes.append(Note(source, change.event, "an alarm ended, and when it began is not known"))
    if opened:
        yield opened[0], None, opened[1]
