"""What events alone can't tell, concluded from their neighbours and said so: roll-backs, and who saw what."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from operator import itemgetter

from dora.open_incidents import OpenIncidents
from dora.readers.drafts import Action, Attempt, Execution
from dora.records import FAILED, RUNNING, STOPPED, SUCCEEDED, Incident, Note

ROLLBACK_WITHIN_S = 10.0
ALARM, AFTER_USERS = "ALARM_ACTIVE", "AfterAllowTraffic"
BEFORE_USERS = (
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "TIMEOUT",
    "HEALTH_",
)


def assume(
    attempts: dict[str, Attempt],
    executions: Iterable[Execution],
    incidents: Iterable[Incident],
    notes: list[Note],
    source: str,
) -> None:
    """Complete the attempts."""
    actions = {
        action.external_id: action
        for execution in executions
        for action in execution.actions.values()
        if action.category == "Deploy" and action.external_id
    }
    for key, action in actions.items():
        _complete(attempts.setdefault(key, Attempt(key)), action, notes, source)
    _find_rollbacks(attempts, actions, notes, source)
    by_service: dict[str, list[Incident]] = {}
    for one in incidents:
        by_service.setdefault(one.service, []).append(one)
    alarms = {service: OpenIncidents(mine) for service, mine in by_service.items()}
    for attempt in attempts.values():
        attempt.knows_traffic = False
        if attempt.is_rollback:
            attempt.live_at = attempt.started_at
            continue
        if attempt.status == SUCCEEDED:
            attempt.live_at = attempt.ended_at  # after the old tasks are gone: later than it was
        if attempt.status != RUNNING:
            _find_exposure(attempt, alarms.get(attempt.service, OpenIncidents(())), notes, source)


def _complete(one: Attempt, action: Action, notes: list[Note], source: str) -> None:
    """CodeDeploy sends its events as best it can, CodePipeline surely."""
    one.error = one.error or action.error
    one.service = one.service or action.name
    one.started_at = action.started_at if one.started_at is None else one.started_at
    if one.status == RUNNING and action.status != RUNNING:
        one.status, one.ended_at = action.status, action.ended_at
        notes.append(
            Note(source, one.id, "CodeDeploy's own event of its end is missing, CodePipeline's is used")
        )


def _find_rollbacks(
    attempts: Mapping[str, Attempt], actions: Mapping[str, Action], notes: list[Note], source: str
) -> None:
    failures: dict[str, list[tuple[float, str]]] = {}
    for one in attempts.values():
        if one.status in (FAILED, STOPPED) and one.ended_at is not None:
            failures.setdefault(one.service, []).append((one.ended_at, one.id))
    for ended in failures.values():
        ended.sort()
    for one in attempts.values():
        if one.id in actions or one.started_at is None:
            continue
        ended = failures.get(one.service, [])
        number = bisect_right(ended, one.started_at, key=itemgetter(0)) - 1
        if number >= 0 and ended[number][1] == one.id:
            number -= 1
        if number >= 0 and one.started_at - ended[number][0] <= ROLLBACK_WITHIN_S:
            one.is_rollback, one.rollback_of = True, ended[number][1]
            reason = f"taken for the roll-back of {one.rollback_of}: it began with its end"
            _note(notes, source, one, reason)


def _find_exposure(one: Attempt, alarms: OpenIncidents, notes: list[Note], source: str) -> None:
    if one.started_at is None or one.ended_at is None:
        return
    during = alarms.first_between(one.started_at, one.ended_at)
    before = alarms.at(one.started_at)
    if during:
        one.exposed_at = during.opened_at
        _note(notes, source, one, "events do not say when users first saw it: by when its alarm began")
    elif AFTER_USERS in one.error or (ALARM in one.error and not before):
        one.exposed_at = one.started_at
        _note(notes, source, one, "events do not say when users first saw it: by its own begin")
    elif one.status != SUCCEEDED and not any(word in one.error for word in (*BEFORE_USERS, ALARM)):
        _note(notes, source, one, "no event says whether users saw it: blocked; --aws or a record tells")


def _note(notes: list[Note], source: str, one: Attempt, reason: str) -> None:
    notes.append(Note(source, one.id, reason, is_about_traffic=True))
