"""EventBridge events of CodePipeline, CodeDeploy, CodeCommit and CloudWatch, in any order and with gaps.

Events of the source lantern.delivery add what none of AWS's says: `Deployment Record`, `Incident Record`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dora import alarms
from dora.deduplication import combine, corrected
from dora.errors import InputError
from dora.readers import event_inference, lantern_events
from dora.readers.aws_times import optional_seconds, seconds
from dora.readers.pipeline_executions import (
    ROLLBACK_TRIGGERS,
    Action,
    Attempt,
    Execution,
    deployment_records,
)
from dora.records import (
    ALARMS,
    BY_PUSH,
    FAILED,
    PUSHED,
    REPORTS,
    RUNNING,
    STOPPED,
    SUCCEEDED,
    AlarmChange,
    Commit,
    Deployment,
    History,
    Incident,
    Note,
)

SOURCE = "events"
SUPERSEDED = "superseded"
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)  # raised by a malformed event
EXECUTION_STATES = {
    "STARTED": RUNNING,
    "RESUMED": RUNNING,
    "STOPPING": RUNNING,
    "SUCCEEDED": SUCCEEDED,
    "FAILED": FAILED,
    "STOPPED": STOPPED,
    "CANCELED": SUPERSEDED,
    "SUPERSEDED": SUPERSEDED,
}
# Events tell whole seconds: of two in one second, the state that can only follow the other stands second
ORDER_OF_STATES = ("STARTED", "START", "STOPPING", "READY", "FAILED", "STOPPED", "STOP", "FAILURE", "RESUMED")
ACTION_STATES = {"STARTED": RUNNING, "SUCCEEDED": SUCCEEDED, "FAILED": FAILED}
DEPLOYMENT_STATES = {
    "START": RUNNING,
    "READY": RUNNING,
    "SUCCESS": SUCCEEDED,
    "FAILURE": FAILED,
    "STOP": STOPPED,
}


@dataclass(slots=True)
class Gathered:
    """What the events that were read so far say."""

    executions: dict[str, Execution] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)  # by commit hash
    alarms: list[AlarmChange] = field(default_factory=list)
    # records with the time of each
    deployments: list[tuple[float, Deployment]] = field(default_factory=list)
    incidents: list[tuple[float, Incident]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with the members that every event has; `key` is its source and detail-type."""

    id: str
    at: float
    key: tuple[str, str]
    detail: Mapping[str, Any]
    scale: float
    origin: str  # file and line; "" where it came otherwise

    @property
    def order(self) -> tuple[float, int, str]:
        """The sort key: by time, then by what the state machine allows."""
        state = self.detail.get("state")
        known = isinstance(state, str) and state in ORDER_OF_STATES
        return self.at, ORDER_OF_STATES.index(state) if known else len(ORDER_OF_STATES), self.id


def read(envelopes: Iterable[Any]) -> History:
    """The history that the events tell; an event that can't be used becomes a note with id and reason."""
    return read_located(("", envelope) for envelope in envelopes)


def read_located(envelopes: Iterable[tuple[str, Any]]) -> History:
    """Likewise, of envelopes that each come with their file and line."""
    gathered = Gathered()
    for event in sorted(_unique(envelopes, gathered.notes), key=lambda event: event.order):
        handler = HANDLERS.get(event.key)
        if not handler:
            if event.key[0] != "aws.codebuild":  # CodePipeline's events tell all of a build
                gathered.notes.append(Note(SOURCE, event.id, f"nothing here reads {' '.join(event.key)}"))
            continue
        try:
            handler(gathered, event)
        except MALFORMED as error:
            gathered.notes.append(Note(SOURCE, event.id, f"{event.key[1]}: {_words(error)}"))
    return _history(gathered)


def _unique(envelopes: Iterable[tuple[str, Any]], notes: list[Note]) -> list[Envelope]:
    """One event of each id; of events that differ always the same one, whatever their order."""
    kept: dict[str, tuple[str, Envelope]] = {}
    for origin, raw in envelopes:
        try:
            event = _envelope(raw, origin)
        except MALFORMED as error:
            event_id = raw.get("id") if isinstance(raw, dict) else None
            notes.append(
                Note(SOURCE, str(event_id or "(no id)"), f"no EventBridge envelope: {_words(error)}")
            )
            continue
        text = json.dumps(raw, sort_keys=True)
        kept[event.id] = min(kept.get(event.id, (text, event)), (text, event), key=lambda pair: pair[0])
    return [event for _, event in kept.values()]


def identity(raw: Any) -> str:
    """The id of an envelope that `read` can use. Raises InputError that says what it lacks."""
    try:
        event_id = _envelope(raw).id
    except MALFORMED as error:
        raise InputError(f"no EventBridge envelope: {_words(error)}") from None
    if not event_id:
        raise InputError("no EventBridge envelope: its id is empty")
    return event_id


def _words(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)


def _envelope(raw: Any, origin: str = "") -> Envelope:
    if not isinstance(raw, dict) or not isinstance(raw.get("detail"), dict):
        raise ValueError('expected an object with "id", "source", "detail-type", "time" and "detail"')
    rehearsal = raw["detail"].get("lantern-rehearsal") or {}
    at = seconds(rehearsal.get("time") or raw["time"])
    key = (str(raw["source"]), str(raw["detail-type"]))
    scale = float(rehearsal.get("time-scale") or 1)
    if not 1 <= scale < float("inf"):
        raise ValueError(f"time-scale {scale}: expected 1 or more")
    return Envelope(str(raw["id"]), at, key, raw["detail"], scale, origin)


def _history(gathered: Gathered) -> History:
    for execution in gathered.executions.values():
        execution.branch = execution.branch or gathered.branches.get(execution.revision, "")
    records = corrected(_of_one_service(gathered))
    services = {attempt.service for attempt in gathered.attempts.values()}
    services |= {record.service for record in records}
    services.discard("")
    rang = alarms.incidents(gathered.alarms, services, [])
    notes: list[Note] = []
    event_inference.complete(gathered.attempts, gathered.executions.values(), rang, notes, SOURCE)
    deployments = deployment_records(
        gathered.executions.values(), gathered.attempts.values(), gathered.commits, notes, SOURCE
    )
    sources = {ALARMS} if gathered.alarms else set()
    sources |= {REPORTS} if gathered.incidents else set()
    from_aws = History(
        tuple(deployments), (), (*gathered.notes, *notes), tuple(gathered.alarms), frozenset(sources)
    )
    return combine([from_aws, History(tuple(records), tuple(corrected(gathered.incidents)))])


def _of_one_service(gathered: Gathered) -> Iterator[tuple[float, Deployment]]:
    """The records of deployments, without those whose id another service has, which become notes."""
    first: dict[str, Deployment] = {}
    for at, record in gathered.deployments:
        known = first.setdefault(record.id, record)
        if known.service == record.service:
            yield at, record
        else:
            reason = f"{record.service} and {known.service} have a deployment of this id: the first is used"
            places = " and ".join(filter(None, (known.origin, record.origin)))
            gathered.notes.append(Note(SOURCE, record.id, f"{reason} {places and f'({places})'}".rstrip()))


def _execution_of(gathered: Gathered, event: Envelope) -> Execution:
    execution_id, pipeline = str(event.detail["execution-id"]), str(event.detail["pipeline"])
    execution = gathered.executions.setdefault(execution_id, Execution(id=execution_id, pipeline=pipeline))
    execution.scale = event.scale
    return execution


def _execution(gathered: Gathered, event: Envelope) -> None:
    execution, state = _execution_of(gathered, event), str(event.detail["state"])
    if state not in EXECUTION_STATES:
        raise ValueError(f"state {state!r}: expected {', '.join(EXECUTION_STATES)}")
    trigger = event.detail.get("execution-trigger") or {}
    execution.is_rollback |= trigger.get("trigger-type") in ROLLBACK_TRIGGERS
    execution.revision = execution.revision or str(trigger.get("commit-id") or "")
    execution.branch = execution.branch or str(trigger.get("branch-name") or "")
    execution.status = EXECUTION_STATES[state]
    if state == "STARTED":
        execution.started_at = event.at if execution.started_at is None else execution.started_at
    execution.ended_at = None if execution.status == RUNNING else event.at


def _stage(gathered: Gathered, event: Envelope) -> None:
    """A notification of the source stage carries the commit; actions tell all that other stages do."""
    execution = _execution_of(gathered, event)
    for action in (event.detail.get("additionalAttributes") or {}).get("sourceActions") or []:
        variables = action.get("sourceActionVariables") or {}
        execution.revision = execution.revision or str(variables.get("CommitId") or "")
        execution.branch = execution.branch or str(variables.get("BranchName") or "")


def _action(gathered: Gathered, event: Envelope) -> None:
    execution, state = _execution_of(gathered, event), str(event.detail["state"])
    name, category = str(event.detail["action"]), str(event.detail["type"]["category"])
    key = f"{event.detail.get('stage', '')}/{name}"
    provider = str(event.detail["type"].get("provider") or "")
    action = execution.actions.setdefault(key, Action(name=name, category=category, provider=provider))
    result = event.detail.get("execution-result") or {}
    action.external_id = str(result.get("external-execution-id") or action.external_id)
    if state == "STARTED":
        action.started_at, action.ended_at = action.started_at or event.at, None
        action.status = RUNNING
    else:
        action.ended_at, action.status = event.at, ACTION_STATES.get(state, STOPPED)
    if action.status == FAILED:
        action.error = str(result.get("external-execution-summary") or result.get("error-code") or "")
    if category == "Source" and action.external_id:
        execution.revision = execution.revision or action.external_id


def _deployment(gathered: Gathered, event: Envelope) -> None:
    attempt_id, state = str(event.detail["deploymentId"]), str(event.detail["state"])
    service = str(event.detail["deploymentGroup"])
    if state not in DEPLOYMENT_STATES:
        raise ValueError(f"state {state!r}: expected {', '.join(DEPLOYMENT_STATES)}")
    attempt = gathered.attempts.setdefault(attempt_id, Attempt(id=attempt_id))
    attempt.service, attempt.status, attempt.scale = service, DEPLOYMENT_STATES[state], event.scale
    attempt.application = str(event.detail.get("application") or "")
    if state == "START":
        attempt.started_at = event.at if attempt.started_at is None else attempt.started_at
    attempt.ended_at = None if attempt.status == RUNNING else event.at


def _push(gathered: Gathered, event: Envelope) -> None:
    if event.detail["event"] in ("referenceCreated", "referenceUpdated") and event.detail.get("commitId"):
        sha = str(event.detail["commitId"])
        gathered.commits.setdefault(sha, Commit(sha, event.at, PUSHED, told_by=BY_PUSH))
        if event.detail.get("referenceType", "branch") == "branch":
            gathered.branches.setdefault(sha, str(event.detail.get("referenceName") or ""))


def _alarm(gathered: Gathered, event: Envelope) -> None:
    name, state = str(event.detail["alarmName"]), event.detail["state"]
    before = event.detail.get("previousState") or {}
    own_time = optional_seconds(state.get("timestamp")) if event.scale == 1 else None
    change = AlarmChange(
        alarm=name,
        at=own_time or event.at,
        state=str(state["value"]),
        before=str(before.get("value") or ""),
        before_at=optional_seconds(before.get("timestamp")),
        event=event.id,
        reason=str(state.get("reason") or ""),
        scale=event.scale,
    )
    gathered.alarms.append(change)


def _deployment_record(gathered: Gathered, event: Envelope) -> None:
    record = lantern_events.deployment(event.detail, event.scale, event.origin)
    gathered.deployments.append((event.at, record))


def _incident_record(gathered: Gathered, event: Envelope) -> None:
    record = lantern_events.incident(event.detail, event.scale, event.origin)
    gathered.incidents.append((event.at, record))


HANDLERS: dict[tuple[str, str], Callable[[Gathered, Envelope], None]] = {
    ("aws.codepipeline", "CodePipeline Pipeline Execution State Change"): _execution,
    ("aws.codepipeline", "CodePipeline Stage Execution State Change"): _stage,
    ("aws.codepipeline", "CodePipeline Action Execution State Change"): _action,
    ("aws.codedeploy", "CodeDeploy Deployment State-change Notification"): _deployment,
    ("aws.codecommit", "CodeCommit Repository State Change"): _push,
    ("aws.cloudwatch", "CloudWatch Alarm State Change"): _alarm,
    (lantern_events.SOURCE, lantern_events.DEPLOYMENT): _deployment_record,
    (lantern_events.SOURCE, lantern_events.INCIDENT): _incident_record,
}
