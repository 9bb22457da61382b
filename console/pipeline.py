"""Asks CodePipeline: its pipelines, a page of executions, one execution, who started a deployment.

Actions of many executions come newest first in pages of a hundred, so a page of executions reads as many of
them as reach back to its oldest execution, and the next page goes on from there.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from console.aws import Aws
from console.errors import AwsError
from console.executions import (
    Action,
    Approval,
    Execution,
    Stage,
    action_of,
    declared_stages,
    epoch_s,
    execution_of,
    of_service,
    waiting_approvals,
)

AT_ONCE = 100  # the most that one answer holds
SCANNED = 4  # answers that are looked through for what a filter means
ACTION_PAGES = 30
SEARCHED_PAGES = 5  # of actions, for who started a deployment


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which executions: "" is any; `count` is how many at least, where there are so many."""

    status: str = ""
    service: str = ""
    count: int = 25


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: tokens of both lists, "" at the newest."""

    executions: str = ""
    actions: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Executions, the newest first; `older` is where the next page begins, None at the end."""

    executions: list[Execution]
    older: Place | None


def names(aws: Aws) -> list[str]:
    """The pipelines of the account and region; raises AwsError."""
    return sorted(str(one["name"]) for one in aws.pages(aws.codepipeline, "list_pipelines", "pipelines"))


def stages(aws: Aws, name: str) -> list[Stage]:
    """The pipeline's stages as they are declared now; raises AwsError."""
    return declared_stages(aws.ask(aws.codepipeline.get_pipeline, name=name)["pipeline"])


def approvals(aws: Aws, name: str) -> list[Approval]:
    """The approvals that wait; raises AwsError."""
    return waiting_approvals(aws.ask(aws.codepipeline.get_pipeline_state, name=name))


def page(
    aws: Aws, name: str, place: Place, wanted: Wanted, declared: list[Stage], waiting: list[Approval]
) -> Page:
    """The executions from `place` on that are wanted; raises AwsError."""
    found: list[Execution] = []
    for _ in range(SCANNED):
        answers, executions_token = _summaries(aws, name, place, wanted)
        starts = [epoch_s(one.get("startTime")) or 0.0 for one in answers]
        actions, actions_token = _actions_since(aws, name, place.actions, min(starts, default=0.0))
        for answer in answers:
            one = execution_of(answer, actions.get(answer.get("pipelineExecutionId", ""), ()), declared)
            if kept := _kept(one, wanted):
                found.append(_with_approvals(kept, waiting))
        if not executions_token:
            return Page(found, None)
        place = Place(executions_token, actions_token)
        if len(found) >= wanted.count:
            break
    return Page(found, place)


def one_execution(aws: Aws, name: str, execution_id: str) -> Execution | None:
    """The execution of that id, None without one; raises AwsError."""
    try:
        answer = aws.ask(
            aws.codepipeline.get_pipeline_execution, pipelineName=name, pipelineExecutionId=execution_id
        )["pipelineExecution"]
    except AwsError as error:
        if error.code in ("PipelineExecutionNotFoundException", "ValidationException"):
            return None
        raise
    asked = {"pipelineName": name, "filter": {"pipelineExecutionId": execution_id}}
    actions = [
        action_of(one)
        for one in aws.pages(aws.codepipeline, "list_action_executions", "actionExecutionDetails", **asked)
    ]
    one = execution_of(
        {**answer, "sourceRevisions": answer.get("artifactRevisions")}, actions, stages(aws, name)
    )
    starts = [action.started_s for action in actions if action.started_s is not None]
    ends = [action.updated_s for action in actions if action.updated_s is not None]
    timed = replace(one, started_s=min(starts, default=None), updated_s=max(ends, default=None))
    return _with_approvals(timed, approvals(aws, name) if one.is_running else [])


def started_by(aws: Aws, name: str, deployment_ids: Collection[str]) -> dict[str, str]:
    """Which executions started the deployments, as far as the newest actions tell; raises AwsError."""
    found: dict[str, str] = {}
    token = ""
    for _ in range(SEARCHED_PAGES):
        answers, token = _actions(aws, name, token)
        for answer in answers:
            started = action_of(answer).deployment_id
            if started in deployment_ids:
                found.setdefault(started, str(answer.get("pipelineExecutionId", "")))
        if not token or len(found) == len(set(deployment_ids)):
            break
    return found


def _summaries(aws: Aws, name: str, place: Place, wanted: Wanted) -> tuple[list[Any], str]:
    is_filtered = wanted.status or wanted.service
    size = AT_ONCE if is_filtered else min(AT_ONCE, wanted.count)
    asked: dict[str, Any] = {"pipelineName": name, "maxResults": size}
    if place.executions:
        asked["nextToken"] = place.executions
    answer = aws.ask(aws.codepipeline.list_pipeline_executions, **asked)
    return answer.get("pipelineExecutionSummaries", []), str(answer.get("nextToken") or "")


def _actions_since(aws: Aws, name: str, token: str, since_s: float) -> tuple[dict[str, list[Action]], str]:
    """Actions by execution, back to `since_s`, and the token of the last answer that was read."""
    found: dict[str, list[Action]] = {}
    for _ in range(ACTION_PAGES):
        answers, following = _actions(aws, name, token)
        for answer in answers:
            found.setdefault(str(answer.get("pipelineExecutionId", "")), []).append(action_of(answer))
        oldest_s = min((epoch_s(one.get("startTime")) or 0.0 for one in answers), default=0.0)
        if not following or oldest_s < since_s:
            break
        token = following
    return found, token


def _actions(aws: Aws, name: str, token: str) -> tuple[list[Any], str]:
    asked: dict[str, Any] = {"pipelineName": name, "maxResults": AT_ONCE}
    if token:
        asked["nextToken"] = token
    answer = aws.ask(aws.codepipeline.list_action_executions, **asked)
    return answer.get("actionExecutionDetails", []), str(answer.get("nextToken") or "")


def _kept(one: Execution, wanted: Wanted) -> Execution | None:
    if wanted.status and one.status != wanted.status:
        return None
    return of_service(one, wanted.service) if wanted.service else one


def _with_approvals(one: Execution, waiting: list[Approval]) -> Execution:
    mine = tuple(approval for approval in waiting if approval.execution_id == one.id)
    return replace(one, approvals=mine) if mine else one
