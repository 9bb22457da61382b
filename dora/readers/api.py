"""What CodePipeline's and CodeDeploy's APIs answer, as drafts of executions and deployments."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dora import messages
from dora.readers.drafts import Action, Attempt, Execution
from dora.readers.times import maybe
from dora.records import BY_EXECUTION, FAILED, RUNNING, STOPPED, SUCCEEDED, Commit

EXECUTION_STATUSES = {
    "Succeeded": SUCCEEDED,
    "Failed": FAILED,
    "Stopped": STOPPED,
    "Superseded": "superseded",
}
DEPLOYMENT_STATUSES = {"Succeeded": SUCCEEDED, "Failed": FAILED, "Stopped": STOPPED}
ROLLBACK_TRIGGERS = ("ManualRollback", "AutomatedRollback")
ROLLBACK_CREATOR = "codeDeployRollback"
SCALE = re.compile(r"\btime scale (\d+(?:\.\d+)?)\b", re.IGNORECASE)
MOST_SCALE = 1e6
SETTLED_AFTER_S = 3600  # a roll-back may be named a little after the end of what it takes back


def execution(pipeline: str, summary: Mapping[str, Any]) -> Execution:
    """One of ListPipelineExecutions."""
    status = EXECUTION_STATUSES.get(summary.get("status", ""), RUNNING)
    revisions = summary.get("sourceRevisions") or [{}]
    trigger = (summary.get("trigger") or {}).get("triggerType")
    return Execution(
        id=summary["pipelineExecutionId"],
        pipeline=pipeline,
        status=status,
        started_at=maybe(summary.get("startTime")),
        ended_at=maybe(summary.get("lastUpdateTime")) if status != RUNNING else None,
        revision=revisions[0].get("revisionId") or "",
        message=_message(revisions[0].get("revisionSummary")),
        is_rollback=summary.get("executionType") == "ROLLBACK" or trigger in ROLLBACK_TRIGGERS,
    )


def commit(one: Execution, answer: Mapping[str, Any]) -> Commit | None:
    """The commit that started an execution, with the time that GetPipelineExecution gives the revision; where
    the source gives none, the execution's begin, which is no later than a push can be."""
    revisions = (answer.get("pipelineExecution") or {}).get("artifactRevisions") or ()
    created = next((rev.get("created") for rev in revisions if rev.get("revisionId") == one.revision), None)
    at = maybe(created)
    at = one.started_at if at is None else at
    if at is None or not one.revision:
        return None
    return messages.commit(one.revision, at, one.message)._replace(told_by=BY_EXECUTION)


def scale_of(description: str) -> float:
    """How much a rehearsal hurried, as the laptop says it in a deployment's description; else 1."""
    found = SCALE.search(description)
    return min(max(1.0, float(found[1])), MOST_SCALE) if found else 1.0


def action(detail: Mapping[str, Any]) -> Action:
    """One of ListActionExecutions."""
    about = (detail.get("input") or {}).get("actionTypeId") or {}
    result = (detail.get("output") or {}).get("executionResult") or {}
    status = DEPLOYMENT_STATUSES.get(detail.get("status", ""), RUNNING)
    is_over = detail.get("status") not in (None, "InProgress")
    error = (result.get("errorDetails") or {}).get("message") or result.get("externalExecutionSummary") or ""
    return Action(
        name=detail["actionName"],
        category=about.get("category") or "",
        status=status if is_over else RUNNING,
        started_at=maybe(detail.get("startTime")),
        ended_at=maybe(detail.get("lastUpdateTime")) if is_over else None,
        external_id=result.get("externalExecutionId") or "",
        error=error if status == FAILED else "",
    )


def groups(details: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Applications and deployment groups that the pipeline's actions deploy to."""
    found = set()
    for detail in details:
        given = (detail.get("input") or {}).get("configuration") or {}
        if given.get("ApplicationName") and given.get("DeploymentGroupName"):
            found.add((given["ApplicationName"], given["DeploymentGroupName"]))
    return found


def attempt(info: Mapping[str, Any], targets: Iterable[Mapping[str, Any]]) -> Attempt:
    """GetDeployment's answer with the lifecycle events of its targets."""
    error, rollback = info.get("errorInformation") or {}, info.get("rollbackInfo") or {}
    rollback_of = rollback.get("rollbackTriggeringDeploymentId") or ""
    status = DEPLOYMENT_STATUSES.get(info.get("status", ""), RUNNING)
    ended_at = maybe(info.get("completeTime"))
    one = Attempt(
        id=info["deploymentId"],
        service=info["deploymentGroupName"],
        status=status,
        started_at=maybe(info.get("startTime") or info.get("createTime")),
        ended_at=ended_at,
        is_rollback=info.get("creator") == ROLLBACK_CREATOR or bool(rollback_of),
        rollback_of=rollback_of,
        error=": ".join(text for text in (error.get("code"), error.get("message")) if text),
        scale=scale_of(info.get("description") or ""),
    )
    targets = list(targets)
    one.knows_traffic = bool(targets)
    one.exposed_at, one.live_at = _traffic(targets)
    if one.is_rollback:
        one.live_at = one.live_at or one.started_at
    elif status in (FAILED, STOPPED) and one.exposed_at is not None and rollback.get("rollbackDeploymentId"):
        one.restored_at = ended_at
    return one


def is_final(info: Mapping[str, Any], now: float) -> bool:
    """Whether GetDeployment will answer the same for ever."""
    ended_at = maybe(info.get("completeTime"))
    is_over = info.get("status") in DEPLOYMENT_STATUSES
    return is_over and ended_at is not None and ended_at < now - SETTLED_AFTER_S


def _message(summary: Any) -> str:
    """A connection to a Git host wraps the commit's message in JSON."""
    text = str(summary or "")
    try:
        wrapped = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return text
    return str(wrapped.get("CommitMessage") or text) if isinstance(wrapped, dict) else text


def _traffic(targets: Iterable[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    """When AllowTraffic began anywhere, and when it had succeeded everywhere."""
    began, ended = [], []
    for target in targets:
        about = target.get("ecsTarget") or target.get("lambdaTarget") or target.get("instanceTarget") or {}
        for event in about.get("lifecycleEvents") or []:
            if event.get("lifecycleEventName") == "AllowTraffic" and event.get("startTime"):
                began.append(maybe(event["startTime"]))
                is_good = event.get("status") == "Succeeded"
                ended.append(maybe(event.get("endTime")) if is_good else None)
    first = min((at for at in began if at is not None), default=None)
    is_everywhere = bool(ended) and None not in ended
    return first, max((at for at in ended if at is not None), default=None) if is_everywhere else None
