"""Responses of the CodePipeline and CodeDeploy APIs, read into executions, actions and deployments."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dora import commit_messages
from dora.readers.aws_times import optional_seconds
from dora.readers.pipeline_executions import ROLLBACK_TRIGGERS, Action, Attempt, Execution
from dora.records import BY_EXECUTION, FAILED, RUNNING, STOPPED, SUCCEEDED, Commit

DEPLOYMENT_STATUSES = {"Succeeded": SUCCEEDED, "Failed": FAILED, "Stopped": STOPPED}
EXECUTION_STATUSES = DEPLOYMENT_STATUSES | {"Superseded": "superseded"}
ROLLBACK_CREATOR = "codeDeployRollback"
SCALE = re.compile(r"\btime scale (\d+(?:\.\d+)?)\b", re.IGNORECASE)
MOST_SCALE = 1e6
SETTLED_AFTER_S = 3600  # CodeDeploy may name a roll-back a little after the end of what it takes back


def execution(pipeline: str, summary: Mapping[str, Any]) -> Execution:
    """An execution from an item of ListPipelineExecutions."""
    status = EXECUTION_STATUSES.get(summary.get("status", ""), RUNNING)
    revisions = summary.get("sourceRevisions") or [{}]
    trigger = (summary.get("trigger") or {}).get("triggerType")
    return Execution(
        id=summary["pipelineExecutionId"],
        pipeline=pipeline,
        status=status,
        started_at=optional_seconds(summary.get("startTime")),
        ended_at=optional_seconds(summary.get("lastUpdateTime")) if status != RUNNING else None,
        revision=revisions[0].get("revisionId") or "",
        message=commit_message(revisions[0].get("revisionSummary")),
        is_rollback=summary.get("executionType") == "ROLLBACK" or trigger in ROLLBACK_TRIGGERS,
    )


def made_at(execution: Execution, answer: Mapping[str, Any]) -> float | None:
    """When an execution's revision was made, by GetPipelineExecution's answer; None if that does not say."""
    revisions = (answer.get("pipelineExecution") or {}).get("artifactRevisions") or ()
    times = [
        revision.get("created") for revision in revisions if revision.get("revisionId") == execution.revision
    ]
    return optional_seconds(times[0]) if times else None


def commit(execution: Execution, at: float | None) -> Commit | None:
    """The commit that started an execution, made at an instant.

    Where nobody knows the instant it is the execution's begin, before which the push must have been. None
    where the execution has no revision."""
    at = execution.started_at if at is None else at
    if at is None or not execution.revision:
        return None
    described = commit_messages.commit(execution.revision, at, execution.message)
    return described._replace(told_by=BY_EXECUTION)


def scale_of(description: str) -> float:
    """The time scale that a rehearsal writes into a deployment's description ("time scale 60"); else 1."""
    match = SCALE.search(description)
    return min(max(1.0, float(match[1])), MOST_SCALE) if match else 1.0


def action(detail: Mapping[str, Any]) -> Action:
    """An action from an item of ListActionExecutions."""
    action_type = (detail.get("input") or {}).get("actionTypeId") or {}
    result = (detail.get("output") or {}).get("executionResult") or {}
    status = DEPLOYMENT_STATUSES.get(detail.get("status", ""), RUNNING)
    is_over = detail.get("status") not in (None, "InProgress")
    error = (result.get("errorDetails") or {}).get("message") or result.get("externalExecutionSummary") or ""
    return Action(
        name=detail["actionName"],
        category=action_type.get("category") or "",
        provider=action_type.get("provider") or "",
        status=status if is_over else RUNNING,
        started_at=optional_seconds(detail.get("startTime")),
        ended_at=optional_seconds(detail.get("lastUpdateTime")) if is_over else None,
        external_id=result.get("externalExecutionId") or "",
        error=error if status == FAILED else "",
    )


def deployment_groups(details: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """The pairs of application and deployment group to which ListActionExecutions' actions deploy."""
    groups = set()
    for detail in details:
        configuration = (detail.get("input") or {}).get("configuration") or {}
        if configuration.get("ApplicationName") and configuration.get("DeploymentGroupName"):
            groups.add((configuration["ApplicationName"], configuration["DeploymentGroupName"]))
    return groups


def attempt(info: Mapping[str, Any], targets: Iterable[Mapping[str, Any]]) -> Attempt:
    """A deployment from GetDeployment's deploymentInfo and the lifecycle events of its targets."""
    error, rollback = info.get("errorInformation") or {}, info.get("rollbackInfo") or {}
    rollback_of = rollback.get("rollbackTriggeringDeploymentId") or ""
    status = DEPLOYMENT_STATUSES.get(info.get("status", ""), RUNNING)
    ended_at, targets = optional_seconds(info.get("completeTime")), list(targets)
    deployment = Attempt(
        id=info["deploymentId"],
        service=info["deploymentGroupName"],
        application=info.get("applicationName") or "",
        status=status,
        started_at=optional_seconds(info.get("startTime") or info.get("createTime")),
        ended_at=ended_at,
        is_rollback=info.get("creator") == ROLLBACK_CREATOR or bool(rollback_of),
        rollback_of=rollback_of,
        error=": ".join(text for text in (error.get("code"), error.get("message")) if text),
        knows_traffic=bool(targets),
        scale=scale_of(info.get("description") or ""),
    )
    deployment.exposed_at, deployment.live_at = _traffic(targets)
    is_over = status in (FAILED, STOPPED)
    deployment.never_exposed = is_over and bool(targets) and deployment.exposed_at is None
    return deployment


def is_final(info: Mapping[str, Any], now: float) -> bool:
    """Whether GetDeployment's answer will not change any more; `now` in epoch seconds."""
    ended_at = optional_seconds(info.get("completeTime"))
    is_over = info.get("status") in DEPLOYMENT_STATUSES
    return is_over and ended_at is not None and ended_at < now - SETTLED_AFTER_S


def commit_message(summary: Any) -> str:
    """A commit's message from a revision's summary; a connection to a Git host wraps it in JSON."""
    text = str(summary or "")
    try:
        wrapped = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return text
    return str(wrapped.get("CommitMessage") or text) if isinstance(wrapped, dict) else text


def _traffic(targets: Iterable[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    """When AllowTraffic began on the first target, and when it had succeeded on all of them."""
    begins, ends = [], []
    for target in targets:
        details = target.get("ecsTarget") or target.get("lambdaTarget") or target.get("instanceTarget") or {}
        for event in details.get("lifecycleEvents") or []:
            if event.get("lifecycleEventName") == "AllowTraffic" and event.get("startTime"):
                begins.append(optional_seconds(event["startTime"]))
                has_succeeded = event.get("status") == "Succeeded"
                ends.append(optional_seconds(event.get("endTime")) if has_succeeded else None)
    first = min((at for at in begins if at is not None), default=None)
    is_everywhere = bool(ends) and None not in ends
    return first, max((at for at in ends if at is not None), default=None) if is_everywhere else None
