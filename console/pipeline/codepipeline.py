"""Asks CodePipeline for its pipelines, executions, and which execution started a deployment.

ListActionExecutions answers the actions of many executions, newest first, in pages of a hundred: a page of
executions reads as many of them as reach back to its oldest execution, and the next page continues there.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from console.pipeline.answers import epoch_s, text
from console.pipeline.executions import (
    Action,
    Approval,
    Execution,
    Stage,
    action_of,
    declared_stages,
    execution_of,
    of_service,
    waiting_approvals,
)
from console.shared.aws import Aws

AT_ONCE = 100  # the most that one answer holds
FILTERED_PAGES = 4  # of executions, looked through for those that a filter matches
ACTION_PAGES = 30
SEARCHED_PAGES = 5  # of actions, looked through for the one that started a deployment
EXECUTIONS = "list_pipeline_executions", "pipelineExecutionSummaries"
ACTIONS = "list_action_executions", "actionExecutionDetails"
UNKNOWN = ("PipelineExecutionNotFoundException", "ValidationException")


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """The executions to look for, "" matches any; a page has at least `count`, if there are so many."""

    status: str = ""
    service: str = ""
    count: int = 25


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: NextTokens of both lists, "" at the newest."""

    executions: str = ""
    actions: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Executions, the newest first; `older` is where the next page begins, None at the end."""

    executions: list[Execution]
    older: Position | None


def pipeline_names(aws: Aws) -> list[str]:
    """Return the names of the account's pipelines in the region; raises AwsError."""
    return sorted(str(entry["name"]) for entry in aws.pages("codepipeline", "list_pipelines", "pipelines"))


def stages_of(aws: Aws, pipeline: str) -> list[Stage]:
    """Return the pipeline's stages as they are declared now; raises AwsError."""
    return declared_stages(aws.ask("codepipeline", "get_pipeline", name=pipeline)["pipeline"])


def approvals_of(aws: Aws, pipeline: str) -> list[Approval]:
    """Return the approvals that wait for an answer; raises AwsError."""
    return waiting_approvals(aws.ask("codepipeline", "get_pipeline_state", name=pipeline))


def page_of_executions(
    aws: Aws,
    pipeline: str,
    position: Position,
    matching: ExecutionFilter,
    declared: list[Stage],
    approvals: list[Approval],
) -> Page:
    """Return the matching executions from `position` on; raises AwsError."""
    executions: list[Execution] = []
    size = AT_ONCE if matching.status or matching.service else min(AT_ONCE, matching.count)
    for _ in range(FILTERED_PAGES):
        summaries, executions_token = _page(aws, pipeline, *EXECUTIONS, position.executions, size)
        starts = [epoch_s(summary.get("startTime")) or 0.0 for summary in summaries]
        actions, actions_token = _actions_since(aws, pipeline, position.actions, min(starts, default=0.0))
        for summary in summaries:
            own = actions.get(summary.get("pipelineExecutionId", ""), ())
            execution = _matching(execution_of(summary, own, declared), matching)
            if execution:
                executions.append(_with_approvals(execution, approvals))
        if not executions_token:
            return Page(executions, None)
        position = Position(executions_token, actions_token)
        if len(executions) >= matching.count:
            break
    return Page(executions, position)


def get_execution(aws: Aws, pipeline: str, execution_id: str) -> Execution | None:
    """Return the execution with that id, or None; raises AwsError."""
    ids = {"pipelineName": pipeline, "pipelineExecutionId": execution_id}
    answer = aws.find("codepipeline", "get_pipeline_execution", UNKNOWN, **ids)
    if answer is None:
        return None
    only = {"pipelineExecutionId": execution_id}
    details = aws.pages("codepipeline", *ACTIONS, pipelineName=pipeline, filter=only)
    actions = [action_of(detail) for detail in details]
    summary = answer["pipelineExecution"]
    summary = {**summary, "sourceRevisions": summary.get("artifactRevisions")}
    execution = execution_of(summary, actions, stages_of(aws, pipeline))
    starts = [action.started_s for action in actions if action.started_s is not None]
    ends = [action.updated_s for action in actions if action.updated_s is not None]
    timed = replace(execution, started_s=min(starts, default=None), updated_s=max(ends, default=None))
    return _with_approvals(timed, approvals_of(aws, pipeline) if execution.is_running else [])


def executions_that_started(aws: Aws, pipeline: str, deployment_ids: Collection[str]) -> dict[str, str]:
    """Return execution ids by deployment id, as far as the newest actions know them; raises AwsError."""
    executions: dict[str, str] = {}
    token = ""
    for _ in range(SEARCHED_PAGES):
        details, token = _page(aws, pipeline, *ACTIONS, token)
        for detail in details:
            deployment_id = action_of(detail).deployment_id
            if deployment_id in deployment_ids:
                executions.setdefault(deployment_id, str(detail.get("pipelineExecutionId", "")))
        if not token or len(executions) == len(set(deployment_ids)):
            break
    return executions


def execution_of_commit(aws: Aws, pipeline: str, commit: str) -> str:
    """Return the newest execution of a commit (or its first characters), its id or ""; raises AwsError."""
    token = ""
    for _ in range(SEARCHED_PAGES):
        summaries, token = _page(aws, pipeline, *EXECUTIONS, token)
        for summary in summaries:
            if execution_of(summary, (), ()).commit.lower().startswith(commit):
                return str(summary["pipelineExecutionId"])
        if not token:
            break
    return ""


def _actions_since(
    aws: Aws, pipeline: str, token: str, since_s: float
) -> tuple[dict[str, list[Action]], str]:
    """Actions by execution id, back to `since_s`, and the token of the last page that was read."""
    actions: dict[str, list[Action]] = {}
    for _ in range(ACTION_PAGES):
        details, next_token = _page(aws, pipeline, *ACTIONS, token)
        for detail in details:
            actions.setdefault(str(detail.get("pipelineExecutionId", "")), []).append(action_of(detail))
        oldest_s = min((epoch_s(detail.get("startTime")) or 0.0 for detail in details), default=0.0)
        if not next_token or oldest_s < since_s:
            break
        token = next_token
    return actions, token


def _page(
    aws: Aws, pipeline: str, operation: str, key: str, token: str, size: int = AT_ONCE
) -> tuple[list[Any], str]:
    """The entries of one answer, and the token of the next one; "" for none."""
    parameters = {"pipelineName": pipeline, "maxResults": size} | ({"nextToken": token} if token else {})
    answer = aws.ask("codepipeline", operation, **parameters)
    return answer.get(key, []), text(answer, "nextToken")


def _matching(execution: Execution, matching: ExecutionFilter) -> Execution | None:
    if matching.status and execution.status != matching.status:
        return None
    return of_service(execution, matching.service) if matching.service else execution


def _with_approvals(execution: Execution, approvals: list[Approval]) -> Execution:
    own = tuple(approval for approval in approvals if approval.execution_id == execution.id)
    return replace(execution, approvals=own) if own else execution
