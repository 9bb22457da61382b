"""What EventBridge's events leave open, inferred and noted: roll-backs, and when users saw a deployment."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from operator import itemgetter

from dora.intervals import Intervals
from dora.readers.pipeline_executions import Action, Attempt, Execution, deploy_actions
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


def complete(
    attempts: dict[str, Attempt],
    executions: Iterable[Execution],
    incidents: Iterable[Incident],
    notes: list[Note],
    source: str,
) -> None:
    """Complete the deployments (by id) in place, and add a note of `source` for each inference."""
    actions = {attempt_id: action for attempt_id, (_, action) in deploy_actions(executions).items()}
    for attempt_id, action in actions.items():
        attempt = attempts.setdefault(attempt_id, Attempt(id=attempt_id))
        _complete_from_action(attempt, action, notes, source)
    _find_rollbacks(attempts, actions, notes, source)
    rang: dict[str, list[Incident]] = {}
    for incident in incidents:
        rang.setdefault(incident.service, []).append(incident)
    alarms = {service: _by_time(group) for service, group in rang.items()}
    for attempt in attempts.values():
        attempt.knows_traffic = False
        if attempt.is_rollback:
            continue
        if attempt.status == SUCCEEDED:
            attempt.live_at = attempt.ended_at  # the old tasks are gone by then: later than it was live
        if attempt.status != RUNNING:
            _find_exposure(attempt, alarms.get(attempt.service, _by_time(())), notes, source)


def _complete_from_action(attempt: Attempt, action: Action, notes: list[Note], source: str) -> None:
    """CodeDeploy's events come on a best-effort basis, CodePipeline's at least once."""
    attempt.error = attempt.error or action.error
    attempt.service = attempt.service or action.name
    attempt.started_at = action.started_at if attempt.started_at is None else attempt.started_at
    if attempt.status == RUNNING and action.status != RUNNING:
        attempt.status, attempt.ended_at = action.status, action.ended_at
        reason = "CodeDeploy's own event of its end is missing, CodePipeline's is used"
        notes.append(Note(source, attempt.id, reason))


def _find_rollbacks(
    attempts: Mapping[str, Attempt], actions: Mapping[str, Action], notes: list[Note], source: str
) -> None:
    """A deployment that no pipeline started and that begins with a failed one's end is its roll-back."""
    failures: dict[str, list[tuple[float, str]]] = {}
    for attempt in attempts.values():
        if attempt.status in (FAILED, STOPPED) and attempt.ended_at is not None:
            failures.setdefault(attempt.service, []).append((attempt.ended_at, attempt.id))
    for ends in failures.values():
        ends.sort()
    for attempt in attempts.values():
        if attempt.id in actions or attempt.started_at is None:
            continue
        ends = failures.get(attempt.service, [])
        position = bisect_right(ends, attempt.started_at, key=itemgetter(0)) - 1
        if position >= 0 and ends[position][1] == attempt.id:
            position -= 1
        if position >= 0 and attempt.started_at - ends[position][0] <= ROLLBACK_WITHIN_S:
            attempt.is_rollback, attempt.rollback_of = True, ends[position][1]
            reason = f"taken for the roll-back of {attempt.rollback_of}: it began with its end"
            _note(notes, source, attempt, reason)


def _find_exposure(attempt: Attempt, alarms: Intervals[Incident], notes: list[Note], source: str) -> None:
    if attempt.started_at is None or attempt.ended_at is None:
        return
    during = alarms.first_between(attempt.started_at, attempt.ended_at)
    before = alarms.newest_open(attempt.started_at)
    if during:
        attempt.exposed_at = during.opened_at
        _note(notes, source, attempt, "events do not say when users first saw it: by when its alarm began")
    elif AFTER_USERS in attempt.error or (ALARM in attempt.error and not before):
        attempt.exposed_at = attempt.started_at
        _note(notes, source, attempt, "events do not say when users first saw it: by its own begin")
    elif any(word in attempt.error for word in (*BEFORE_USERS, ALARM)):
        attempt.never_exposed = attempt.status != SUCCEEDED
    elif attempt.status != SUCCEEDED:
        _note(notes, source, attempt, "no event says whether users saw it; --aws or a record tells")


def _by_time(incidents: Iterable[Incident]) -> Intervals[Incident]:
    return Intervals(
        incidents,
        lambda incident: incident.opened_at,
        lambda incident: float("inf") if incident.closed_at is None else incident.closed_at,
    )


def _note(notes: list[Note], source: str, attempt: Attempt, reason: str) -> None:
    notes.append(Note(source, attempt.id, reason, is_about_traffic=True))
