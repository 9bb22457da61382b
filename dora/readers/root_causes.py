"""X-Ray's root causes: the service in which the requests that an alarm noticed fault first."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dora import alarms
from dora.records import ALARMS, TRACES, AlarmChange, History

LOOKED_AT_S = 300.0  # before an alarm: longer than what it counts
LEAST_S = 5.0  # X-Ray is asked for whole seconds
SETTLED_AFTER_S = 3600.0  # by then every segment has come
MOST_TRACES = 1000
FAULTS = "fault"

Answers = MutableMapping[str, str]  # alarm and instant → service, or "" where no trace tells


def add(history: History, client: Any, answers: Answers) -> History:
    """The history with the root cause of each alarm that rang. `answers` caches those that are final.

    Raises boto3's errors."""
    if ALARMS not in history.incident_sources:
        return history
    changes = tuple(
        change._replace(root_cause=_root_cause(change, client, answers))
        if change.state == alarms.ALARM and not change.root_cause
        else change
        for change in history.alarms
    )
    return replace(history, alarms=changes, incident_sources=history.incident_sources | {TRACES})


def _root_cause(change: AlarmChange, client: Any, answers: Answers) -> str:
    key = f"{change.alarm}@{change.at}"
    if key in answers:
        return answers[key]
    seconds = max(LEAST_S, LOOKED_AT_S / change.scale)
    span = (datetime.fromtimestamp(at, UTC) for at in (change.at - seconds, change.at + 1))
    counted = Counter(_causes(_summaries(client, *span), change.alarm))
    service = min(counted, key=lambda name: (-counted[name], name), default="")
    if change.at < time.time() - SETTLED_AFTER_S:
        answers[key] = service
    return service


def _summaries(client: Any, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """The summaries of the newest traces with a fault."""
    pages = client.get_paginator("get_trace_summaries").paginate(
        StartTime=start,
        EndTime=end,
        FilterExpression=FAULTS,
        PaginationConfig={"MaxItems": MOST_TRACES},
    )
    for page in pages:
        yield from page.get("TraceSummaries") or []


def _causes(summaries: Iterable[Mapping[str, Any]], alarm: str) -> Iterator[str]:
    """The last service on the way of each fault that came by the alarm's own service."""
    for summary in summaries:
        for cause in summary.get("FaultRootCauses") or []:
            way = [service for service in cause.get("Services") or [] if not service.get("Inferred")]
            names = [str(service.get("Name") or "") for service in way]
            if any(name and alarms.is_of(name, alarm) for name in names):
                yield names[-1]
