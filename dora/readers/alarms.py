"""Incidents from what CloudWatch alarms did: from ALARM until they are in any other state."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from dora.records import Incident, Note
from dora.windows import utc

ALARM = "ALARM"


class Change(NamedTuple):
    """An alarm's state from `at` on (epoch seconds), and the one before it."""

    at: float
    value: str
    before: str = ""
    before_at: float | None = None
    event: str = ""
    reason: str = ""


def incidents(
    changes: dict[str, list[Change]],
    services: Iterable[str],
    notes: list[Note],
    source: str,
    scale: float = 1.0,
) -> list[Incident]:
    """Of each alarm whose name holds a service's name as a word."""
    found, names = [], sorted(services, key=lambda name: (-len(name), name))
    for alarm in sorted(changes):
        service = next((name for name in names if _names(alarm, name)), "")
        if not service:
            known = ", ".join(sorted(names)) or "none is known"
            notes.append(Note(source, alarm, f"the alarm's name holds no service's name ({known})"))
            continue
        for opened_at, closed_at, reason in _spans(sorted(changes[alarm]), notes, source):
            found.append(
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
            )
    return found


def _names(alarm: str, service: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(service)}(?![A-Za-z0-9])", alarm, re.IGNORECASE))


def _spans(changes: list[Change], notes: list[Note], source: str) -> list[tuple[float, float | None, str]]:
    """Missing changes are found in what the next says of the state before it."""
    spans: list[tuple[float, float | None, str]] = []
    opened: tuple[float, str] | None = None
    for change in changes:
        if change.value == ALARM:
            opened = opened or (change.at, change.reason)
        elif opened:
            spans.append((opened[0], change.at, opened[1]))
            opened = None
        elif change.before == ALARM and change.before_at is not None:
            spans.append((change.before_at, change.at, ""))
        elif change.before == ALARM:
            notes.append(Note(source, change.event, "an alarm ended, and when it began is not known"))
    if opened:
        spans.append((opened[0], None, opened[1]))
    return spans
