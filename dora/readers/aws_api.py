"""CodePipeline's executions, CodeDeploy's deployments and CloudWatch's alarm history through boto3.

boto3 finds the addresses itself: AWS_ENDPOINT_URL_CODEPIPELINE and _CODEDEPLOY lead to the laptop's stand-in.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import replace
from typing import Any, TypedDict

from dora.errors import SourceError
from dora.readers import aws_responses
from dora.readers.aws_times import seconds
from dora.readers.pipeline_executions import Attempt, Execution, deployment_records
from dora.records import ALARMS, AlarmChange, Commit, History, Note

SOURCE = "aws"
AT_ONCE = 25  # BatchGetDeployments takes no more
MOST_PAGES = 10_000
LAPTOPS = ("//127.0.0.1", "//localhost", "//[::1]")


class Answer(TypedDict):
    """CodeDeploy's answer about a deployment; instants may be text, as in JSON."""

    info: dict[str, Any]
    targets: list[dict[str, Any]]


Answers = MutableMapping[str, Answer]  # by deployment id
Triggers = MutableMapping[str, float | None]  # execution id → when its revision was made, epoch seconds


def gather(
    session: Any,
    pipeline: str,
    *,
    scale: float = 1.0,
    since: float | None = None,
    answers: Answers | None = None,
    triggers: Triggers | None = None,
) -> History:
    """A pipeline's deployments, those that were created after `since` (epoch seconds) if it is given.

    `answers` caches CodeDeploy's answers: what it has is not asked for, final answers are added. `triggers`
    caches when the commit that started each execution was made; without it, no such commit is asked for.
    `session` makes the boto3 clients, whose errors are raised."""
    from_pipeline, from_deploy = session.client("codepipeline"), session.client("codedeploy")
    answers, notes = {} if answers is None else answers, list[Note]()
    executions = _executions(from_pipeline, pipeline)
    details = list(
        _pages(from_pipeline.list_action_executions, "actionExecutionDetails", pipelineName=pipeline)
    )
    _add_actions(executions, details)
    attempts = [
        attempt
        for application, group in sorted(aws_responses.deployment_groups(details))
        for attempt in _attempts(from_deploy, application, group, since, answers)
    ]
    if scale != 1:
        attempts = [replace(attempt, scale=scale) for attempt in attempts]
    _add_scales(executions.values(), attempts, scale)
    known = {} if triggers is None else _commits(from_pipeline, pipeline, executions.values(), triggers)
    deployments = deployment_records(executions.values(), attempts, known, notes, SOURCE)
    is_scaled = any(attempt.scale != 1 for attempt in attempts)
    if not is_scaled and any(name in from_deploy.meta.endpoint_url for name in LAPTOPS):
        reason = "no deployment says whether time is scaled there: --time-scale does"
        notes.append(Note(SOURCE, from_deploy.meta.endpoint_url, reason))
    return History(tuple(deployments), (), tuple(notes))


def with_alarms(history: History, client: Any, prefix: str, scale: float = 1.0) -> History:
    """The history with the state changes of the alarms with a prefix, which CloudWatch keeps for 30 days.

    Raises boto3's errors."""
    changes = tuple(_alarm_changes(client, prefix, max([scale, *history.scales])))
    has_alarms = bool(changes) or _has_alarms(client, prefix)
    sources = history.incident_sources | ({ALARMS} if has_alarms else set())
    return replace(history, alarms=(*history.alarms, *changes), incident_sources=sources)


def _executions(client: Any, pipeline: str) -> dict[str, Execution]:
    pages = _pages(client.list_pipeline_executions, "pipelineExecutionSummaries", pipelineName=pipeline)
    executions = (aws_responses.execution(pipeline, summary) for summary in pages)
    return {execution.id: execution for execution in executions}


def _add_scales(executions: Iterable[Execution], attempts: Iterable[Attempt], scale: float) -> None:
    """An execution has the time scale of its deployments."""
    scales = {attempt.id: attempt.scale for attempt in attempts}
    for execution in executions:
        own = [scales.get(action.external_id, 1.0) for action in execution.actions.values()]
        execution.scale = max([scale, *own])


def _commits(
    client: Any, pipeline: str, executions: Iterable[Execution], triggers: Triggers
) -> dict[str, Commit]:
    commits = []
    for execution in executions:
        if execution.id not in triggers and execution.revision:
            answer = client.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution.id)
            triggers[execution.id] = aws_responses.made_at(execution, answer)
        commits.append(aws_responses.commit(execution, triggers.get(execution.id)))
    return {commit.sha: commit for commit in commits if commit}


def _add_actions(executions: dict[str, Execution], details: Iterable[dict[str, Any]]) -> None:
    for detail in details:
        if execution := executions.get(detail["pipelineExecutionId"]):
            action, key = aws_responses.action(detail), f"{detail.get('stageName')}/{detail['actionName']}"
            known = execution.actions.get(key)  # a retried stage lists its action twice
            if not known or (known.started_at or 0) < (action.started_at or 0):
                execution.actions[key] = action


def _attempts(
    client: Any, application: str, group: str, since: float | None, answers: Answers
) -> Iterator[Attempt]:
    request: dict[str, Any] = {"applicationName": application, "deploymentGroupName": group}
    if since is not None:
        request["createTimeRange"] = {"start": since}
    ids = list(_pages(client.list_deployments, "deployments", **request))
    for known in (answers[deployment_id] for deployment_id in ids if deployment_id in answers):
        yield aws_responses.attempt(known["info"], known["targets"])
    unknown = [deployment_id for deployment_id in ids if deployment_id not in answers]
    for start in range(0, len(unknown), AT_ONCE):
        answer = client.batch_get_deployments(deploymentIds=unknown[start : start + AT_ONCE])
        for info in answer["deploymentsInfo"]:
            targets = _targets(client, info["deploymentId"])
            if aws_responses.is_final(info, time.time()):
                answers[info["deploymentId"]] = {"info": info, "targets": targets}
            yield aws_responses.attempt(info, targets)


def _targets(client: Any, deployment_id: str) -> list[dict[str, Any]]:
    ids = list(_pages(client.list_deployment_targets, "targetIds", deploymentId=deployment_id))
    return [
        target
        for start in range(0, len(ids), AT_ONCE)
        for target in client.batch_get_deployment_targets(
            deploymentId=deployment_id, targetIds=ids[start : start + AT_ONCE]
        )["deploymentTargets"]
    ]


def _alarm_changes(client: Any, prefix: str, scale: float) -> Iterator[AlarmChange]:
    pages = client.get_paginator("describe_alarm_history").paginate(HistoryItemType="StateUpdate")
    for page in pages:
        for item in page.get("AlarmHistoryItems") or []:  # XML without items has no list
            if item["AlarmName"].startswith(prefix):
                data = json.loads(item.get("HistoryData") or "{}")
                new, old = data.get("newState") or {}, data.get("oldState") or {}
                yield AlarmChange(
                    alarm=item["AlarmName"],
                    at=seconds(item["Timestamp"]),
                    state=str(new.get("stateValue") or ""),
                    before=str(old.get("stateValue") or ""),
                    reason=str(new.get("stateReason") or ""),
                    scale=float((data.get("lantern-rehearsal") or {}).get("time-scale") or scale),
                )


def _has_alarms(client: Any, prefix: str) -> bool:
    """Whether there is an alarm: alarms that did not ring are a source of incidents too."""
    return bool(client.describe_alarms(AlarmNamePrefix=prefix, MaxRecords=1).get("MetricAlarms"))


def _pages(operation: Callable[..., dict[str, Any]], member: str, **request: Any) -> Iterator[Any]:
    for _ in range(MOST_PAGES):
        answer = operation(**request)
        yield from answer.get(member) or []
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]
    raise SourceError(f"--aws: {member} went on for {MOST_PAGES} pages")
