"""Small histories with speaking times: `at("3 10:05")` is the third of November 2026, 10:05 UTC."""

from datetime import UTC, datetime

from dora import messages
from dora.judging import judge_history
from dora.metrics import measure
from dora.parameters import Parameters
from dora.records import Deployment, History, Incident
from dora.windows import Window


def at(words):
    day, clock = words.split()
    hour, minute = clock.split(":")
    return datetime(2026, 11, int(day), int(hour), int(minute), tzinfo=UTC).timestamp()


NOVEMBER = Window(at("1 00:00"), datetime(2026, 12, 1, tzinfo=UTC).timestamp())


def commit(sha, when, message="Trim the wick"):
    return messages.commit(sha, at(when), message)


def good(key, start, exposed, live, service="orders", **more):
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
        **more,
    )


def bad(key, start, exposed, ended, service="orders", **more):
    """Stopped during its canary; `exposed` None: before users saw it."""
    return Deployment(
        id=key,
        service=service,
        status="failed",
        started_at=at(start),
        exposed_at=at(exposed) if exposed else None,
        ended_at=at(ended),
        **more,
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


def incident(key, opened, closed=None, service="orders", **more):
    closed_at = at(closed) if closed else None
    return Incident(id=key, service=service, opened_at=at(opened), closed_at=closed_at, **more)


def judged(*records, service="orders", **parameters):
    """The service's whole history."""
    return _history(records, parameters).services[service]


def measured(*records, service="orders", window=NOVEMBER, **parameters):
    """The service in a window."""
    history = _history(records, parameters)
    return measure(history.services[service], window, history)


def figure(name, *records, **more):
    return measured(*records, **more).figures[name]


def classes(*records, **parameters):
    """Class by id, of everything that is no roll-back."""
    one = judged(*records, **parameters)
    return {each.deployment.id: each.kind for each in (*one.counted, *one.blocked, *one.running)}


def _history(records, parameters):
    deployments = tuple(one for one in records if isinstance(one, Deployment))
    incidents = tuple(one for one in records if isinstance(one, Incident))
    return judge_history(History(deployments, incidents, has_incident_source=True), Parameters(**parameters))
