"""EventBridge's envelopes of CodePipeline, CodeDeploy, CodeCommit and CloudWatch, in any order, with gaps.

Our own envelope adds what none of them says: source lantern.delivery, `Deployment Record`, `Incident Record`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dora.errors import InputError
from dora.merging import combine
from dora.readers import delivery, exposure
from dora.readers.alarms import Change, incidents
from dora.readers.drafts import Action, Attempt, Execution, assemble
from dora.readers.times import maybe, seconds
from dora.records import (
    BY_PUSH,
    FAILED,
    PUSHED,
    RUNNING,
    STOPPED,
    SUCCEEDED,
    Commit,
    Deployment,
    History,
    Incident,
    Note,
)

SOURCE = "events"
SUPERSEDED = "superseded"
WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError)  # what a strange member leads to
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
ACTION_STATES = {"STARTED": RUNNING, "SUCCEEDED": SUCCEEDED, "FAILED": FAILED}
DEPLOYMENT_STATES = {
    "START": RUNNING,
    "READY": RUNNING,
    "SUCCESS": SUCCEEDED,
    "FAILURE": FAILED,
    "STOP": STOPPED,
}
ROLLBACK_TRIGGERS = ("ManualRollback", "AutomatedRollback")


@dataclass(slots=True)
class Gathered:
    """What the envelopes said so far."""

    executions: dict[str, Execution] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)  # by commit
    alarms: dict[str, list[Change]] = field(default_factory=dict)
    records: list[Deployment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event that has what every event must have."""

    id: str
    at: float
    key: tuple[str, str]
    detail: Mapping[str, Any]
    scale: float


def read(envelopes: Iterable[Any]) -> History:
    """A history of what they say; what can't be used is noted with the event's id and the reason."""
    gathered = Gathered()
    for event in sorted(_unique(envelopes, gathered.notes), key=lambda event: (event.at, event.id)):
        handler = HANDLERS.get(event.key)
        if not handler:
            if event.key[0] != "aws.codebuild":  # it says nothing that the pipeline's own events do not
                gathered.notes.append(Note(SOURCE, event.id, f"nothing here reads {' '.join(event.key)}"))
            continue
        gathered.scale = max(gathered.scale, event.scale)
        try:
            handler(gathered, event)
        except WRONG as error:
            gathered.notes.append(Note(SOURCE, event.id, f"{event.key[1]}: {_words(error)}"))
    return _history(gathered)


def _unique(envelopes: Iterable[Any], notes: list[Note]) -> list[Envelope]:
    found: dict[str, tuple[str, Envelope]] = {}
    for given in envelopes:
        try:
            event = _envelope(given)
        except WRONG as error:
            key = given.get("id") if isinstance(given, dict) else None
            notes.append(Note(SOURCE, str(key or "(no id)"), f"no EventBridge envelope: {_words(error)}"))
            continue
        text = json.dumps(given, sort_keys=True)
        found[event.id] = min(found.get(event.id, (text, event)), (text, event), key=lambda pair: pair[0])
    return [event for _, event in found.values()]


def identity(given: Any) -> str:
    """The id of an envelope that `read` can use; raises InputError saying what it lacks."""
    try:
        key = _envelope(given).id
    except WRONG as error:
        raise InputError(f"no EventBridge envelope: {_words(error)}") from None
    if not key:
        raise InputError("no EventBridge envelope: its id is empty")
    return key


def _words(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)


def _envelope(given: Any) -> Envelope:
    if not isinstance(given, dict) or not isinstance(given.get("detail"), dict):
        raise ValueError('expected an object with "id", "source", "detail-type", "time" and "detail"')
    hurried = given["detail"].get("lantern-rehearsal") or {}
    at = seconds(hurried.get("time") or given["time"])
    key = (str(given["source"]), str(given["detail-type"]))
    scale = float(hurried.get("time-scale") or 1)
    if not 1 <= scale < float("inf"):
        raise ValueError(f"time-scale {scale}: expected 1 or more")
    return Envelope(str(given["id"]), at, key, given["detail"], scale)


def _history(gathered: Gathered) -> History:
    for execution in gathered.executions.values():
        execution.branch = execution.branch or gathered.branches.get(execution.revision, "")
    services = {one.service for one in gathered.attempts.values()} | {one.service for one in gathered.records}
    services.discard("")
    notes: list[Note] = []
    found = incidents(gathered.alarms, services, notes, SOURCE, gathered.scale)
    exposure.assume(gathered.attempts, gathered.executions.values(), found, notes, SOURCE)
    deployments = assemble(
        gathered.executions.values(), gathered.attempts.values(), gathered.commits, notes, SOURCE
    )
    hears = bool(gathered.alarms or gathered.incidents)
    guessed = History(tuple(deployments), tuple(found), tuple(gathered.notes + notes), hears)
    return combine([guessed, History(tuple(gathered.records), tuple(gathered.incidents))])


def _execution_of(gathered: Gathered, event: Envelope) -> Execution:
    key = str(event.detail["execution-id"])
    one = gathered.executions.setdefault(key, Execution(key, str(event.detail["pipeline"])))
    one.scale = event.scale
    return one


def _execution(gathered: Gathered, event: Envelope) -> None:
    one, state = _execution_of(gathered, event), str(event.detail["state"])
    if state not in EXECUTION_STATES:
        raise ValueError(f"state {state!r}: expected {', '.join(EXECUTION_STATES)}")
    trigger = event.detail.get("execution-trigger") or {}
    one.is_rollback |= trigger.get("trigger-type") in ROLLBACK_TRIGGERS
    one.revision = one.revision or str(trigger.get("commit-id") or "")
    one.branch = one.branch or str(trigger.get("branch-name") or "")
    one.status = EXECUTION_STATES[state]
    if state == "STARTED":
        one.started_at = event.at if one.started_at is None else one.started_at
    one.ended_at = None if one.status == RUNNING else event.at


def _stage(gathered: Gathered, event: Envelope) -> None:
    """Notifications of the source stage carry the commit; others say nothing that actions do not."""
    one = _execution_of(gathered, event)
    for action in (event.detail.get("additionalAttributes") or {}).get("sourceActions") or []:
        variables = action.get("sourceActionVariables") or {}
        one.revision = one.revision or str(variables.get("CommitId") or "")
        one.branch = one.branch or str(variables.get("BranchName") or "")


def _action(gathered: Gathered, event: Envelope) -> None:
    execution, state = _execution_of(gathered, event), str(event.detail["state"])
    name, category = str(event.detail["action"]), str(event.detail["type"]["category"])
    key = f"{event.detail.get('stage', '')}/{name}"
    one = execution.actions.setdefault(key, Action(name, category))
    result = event.detail.get("execution-result") or {}
    one.external_id = str(result.get("external-execution-id") or one.external_id)
    if state == "STARTED":
        one.started_at, one.ended_at, one.status = one.started_at or event.at, None, RUNNING
    else:
        one.ended_at, one.status = event.at, ACTION_STATES.get(state, STOPPED)
    if one.status == FAILED:
        one.error = str(result.get("external-execution-summary") or result.get("error-code") or "")
    if category == "Source" and one.external_id:
        execution.revision = execution.revision or one.external_id


def _deployment(gathered: Gathered, event: Envelope) -> None:
    key, state = str(event.detail["deploymentId"]), str(event.detail["state"])
    service = str(event.detail["deploymentGroup"])
    if state not in DEPLOYMENT_STATES:
        raise ValueError(f"state {state!r}: expected {', '.join(DEPLOYMENT_STATES)}")
    one = gathered.attempts.setdefault(key, Attempt(key))
    one.service, one.status, one.scale = service, DEPLOYMENT_STATES[state], event.scale
    if state == "START":
        one.started_at = event.at if one.started_at is None else one.started_at
    one.ended_at = None if one.status == RUNNING else event.at


def _push(gathered: Gathered, event: Envelope) -> None:
    if event.detail["event"] in ("referenceCreated", "referenceUpdated") and event.detail.get("commitId"):
        sha = str(event.detail["commitId"])
        gathered.commits.setdefault(sha, Commit(sha, event.at, PUSHED, told_by=BY_PUSH))
        if event.detail.get("referenceType", "branch") == "branch":
            gathered.branches.setdefault(sha, str(event.detail.get("referenceName") or ""))


def _alarm(gathered: Gathered, event: Envelope) -> None:
    name, state = str(event.detail["alarmName"]), event.detail["state"]
    before = event.detail.get("previousState") or {}
    change = Change(
        event.at if event.scale != 1 else maybe(state.get("timestamp")) or event.at,
        str(state["value"]),
        str(before.get("value") or ""),
        maybe(before.get("timestamp")),
        event.id,
        str(state.get("reason") or ""),
    )
    gathered.alarms.setdefault(name, []).append(change)


def _deployment_record(gathered: Gathered, event: Envelope) -> None:
    gathered.records.append(delivery.deployment(event.detail, event.scale))


def _incident_record(gathered: Gathered, event: Envelope) -> None:
    gathered.incidents.append(delivery.incident(event.detail, event.scale))


HANDLERS: dict[tuple[str, str], Callable[[Gathered, Envelope], None]] = {
    ("aws.codepipeline", "CodePipeline Pipeline Execution State Change"): _execution,
    ("aws.codepipeline", "CodePipeline Stage Execution State Change"): _stage,
    ("aws.codepipeline", "CodePipeline Action Execution State Change"): _action,
    ("aws.codedeploy", "CodeDeploy Deployment State-change Notification"): _deployment,
    ("aws.codecommit", "CodeCommit Repository State Change"): _push,
    ("aws.cloudwatch", "CloudWatch Alarm State Change"): _alarm,
    (delivery.SOURCE, delivery.DEPLOYMENT): _deployment_record,
    (delivery.SOURCE, delivery.INCIDENT): _incident_record,
}
