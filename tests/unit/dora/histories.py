"""Small histories with speaking times: `at("3 10:05")` is the third of November 2026, 10:05 UTC."""

from datetime import UTC, datetime

from dora import commit_messages
from dora.analysis import analyse
from dora.counting_rules import CountingRules
from dora.metrics import measure
from dora.records import Deployment, History, Incident
from dora.windows import Window


def at(words):
    day, clock = words.split()
    hour, minute = clock.split(":")
    return datetime(2026, 11, int(day), int(hour), int(minute), tzinfo=UTC).timestamp()


NOVEMBER = Window(at("1 00:00"), datetime(2026, 12, 1, tzinfo=UTC).timestamp())


def commit(sha, when, message="Trim the wick"):
    return commit_messages.commit(sha, at(when), message)


def good(key, start, exposed, live, service="orders", **fields):
    """Went live, and was over five minutes later."""
    ended = at(live) + 300
    return Deployment(
        id=key,
        service=service,
        status="succeeded",
        started_at=at(start),
        exposed_at=at(exposed),
        live_at=at(live),
        ended_at=ended,
        **fields,
    )


def bad(key, start, exposed, ended, service="orders", **fields):
    """Stopped during its canary; `exposed` None: before users saw it."""
    return Deployment(
        id=key,
        service=service,
        status="failed",
        started_at=at(start),
        exposed_at=at(exposed) if exposed else None,
        never_exposed=exposed is None,
        ended_at=at(ended),
        **fields,
    )


def rollback(key, of, start, service="orders"):
    return Deployment(
        id=key,
        service=service,
        status="succeeded",
        started_at=at(start),
        live_at=at(start),
        is_rollback=True,
        rollback_of=of,
    )


def incident(key, opened, closed=None, service="orders", **fields):
    closed_at = at(closed) if closed else None
    return Incident(id=key, service=service, opened_at=at(opened), closed_at=closed_at, **fields)


def analysed(*records, service="orders", **parameters):
    """The service's whole history."""
    return _history(records, parameters).services[service]


def measured(*records, service="orders", window=NOVEMBER, **parameters):
    """The service in a window."""
    history = _history(records, parameters)
    return measure(history.services[service], window, history)


def figure(name, *records, **arguments):
    return measured(*records, **arguments).figures[name]


def classes(*records, **parameters):
    """Class by id, of everything that is no roll-back."""
    service = analysed(*records, **parameters)
    return {
        each.deployment.id: each.kind
        for each in (*service.counted, *service.blocked, *service.unknown, *service.running)
    }


def _history(records, parameters):
    deployments = tuple(record for record in records if isinstance(record, Deployment))
    incidents = tuple(record for record in records if isinstance(record, Incident))
    return analyse(
        History(deployments, incidents, incident_sources=frozenset({"alarms"})), CountingRules(**parameters)
    )
