"""Reads an account, or what stands in for one, through boto3: pipelines, deployments, alarms' histories.

Addresses are boto3's affair: AWS_ENDPOINT_URL_CODEPIPELINE and _CODEDEPLOY lead to a laptop.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import replace
from typing import Any, TypedDict

from dora.errors import SourceError
from dora.readers import api
from dora.readers.alarms import Change, incidents
from dora.readers.drafts import Attempt, Execution, assemble
from dora.readers.times import seconds
from dora.records import Commit, History, Note

SOURCE = "aws"
AT_ONCE = 25  # BatchGetDeployments' own bound
MOST_PAGES = 10_000
LAPTOPS = ("//127.0.0.1", "//localhost", "//[::1]")


class Answer(TypedDict):
    """What CodeDeploy said of a deployment; instants may be text, as JSON has them."""

    info: dict[str, Any]
    targets: list[dict[str, Any]]


Answers = MutableMapping[str, Answer]
Commits = MutableMapping[str, Commit | None]  # by execution


def read(
    pipeline: str,
    *,
    alarms: str = "",
    scale: float = 1.0,
    session: Any = None,
    answers: Answers | None = None,
    commits: Commits | None = None,
) -> History:
    """All that the APIs still know of one pipeline; with `alarms`, incidents from alarms of that prefix.

    `scale` is said by hand where no deployment tells how much a laptop hurries. `gather` tells of the others.

    Raises SourceError with AWS's own words and what to do."""
    import botocore.exceptions  # here, so that a report from files needs no boto3

    try:
        session = session or _session()
        history = gather(session, pipeline, scale=scale, answers=answers, commits=commits)
        return with_incidents(history, session.client("cloudwatch"), alarms, scale) if alarms else history
    except botocore.exceptions.ClientError as error:
        code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        hint = " --pipeline names it." if code == "PipelineNotFoundException" else ""
        raise SourceError(f"--aws: {error.operation_name}: {code}: {said}{hint}") from None
    except botocore.exceptions.BotoCoreError as error:
        raise SourceError(
            f"--aws: {error} Needed are credentials and AWS_DEFAULT_REGION; on the laptop also "
            "AWS_ENDPOINT_URL_CODEPIPELINE and AWS_ENDPOINT_URL_CODEDEPLOY."
        ) from None


def _session() -> Any:
    import boto3

    return boto3.Session()


def gather(
    session: Any,
    pipeline: str,
    *,
    scale: float = 1.0,
    since: float | None = None,
    answers: Answers | None = None,
    commits: Commits | None = None,
) -> History:
    """A pipeline's deployments, those that began after `since` (epoch seconds).

    A deployment that `answers` has is not asked for; one that is over for good is added to it. With `commits`
    the one that started each execution is asked for, and kept there. `session` makes boto3's clients, whose
    own errors it raises."""
    from_pipeline, from_deploy = session.client("codepipeline"), session.client("codedeploy")
    answers, notes = {} if answers is None else answers, list[Note]()
    executions = _executions(from_pipeline, pipeline)
    details = list(
        _pages(from_pipeline.list_action_executions, "actionExecutionDetails", pipelineName=pipeline)
    )
    _add_actions(executions, details)
    attempts = [
        one
        for application, group in sorted(api.groups(details))
        for one in _attempts(from_deploy, application, group, since, answers)
    ]
    attempts = [replace(one, scale=scale) if scale != 1 else one for one in attempts]
    _add_scales(executions.values(), attempts, scale)
    known = {} if commits is None else _commits(from_pipeline, pipeline, executions.values(), commits)
    deployments = assemble(executions.values(), attempts, known, notes, SOURCE)
    is_told = any(one.scale != 1 for one in attempts)
    if not is_told and any(name in from_deploy.meta.endpoint_url for name in LAPTOPS):
        reason = "no deployment says whether time is scaled there: --time-scale does"
        notes.append(Note(SOURCE, from_deploy.meta.endpoint_url, reason))
    return History(tuple(deployments), (), tuple(notes))


def with_incidents(history: History, client: Any, prefix: str, scale: float = 1.0) -> History:
    """The history with what alarms of that prefix did, which CloudWatch keeps for 30 days; boto3's errors."""
    changes, notes = _alarm_changes(client, prefix), list[Note]()
    scale = max([scale, *history.scales])
    found = incidents(changes, {one.service for one in history.deployments}, notes, SOURCE, scale)
    is_looked_at = bool(changes) or _has_alarms(client, prefix)
    return replace(
        history,
        incidents=(*history.incidents, *found),
        notes=(*history.notes, *notes),
        has_incident_source=history.has_incident_source or is_looked_at,
    )


def _executions(client: Any, pipeline: str) -> dict[str, Execution]:
    pages = _pages(client.list_pipeline_executions, "pipelineExecutionSummaries", pipelineName=pipeline)
    return {one["pipelineExecutionId"]: api.execution(pipeline, one) for one in pages}


def _add_scales(executions: Iterable[Execution], attempts: Iterable[Attempt], scale: float) -> None:
    """An execution hurried as its deployments did."""
    scales = {one.id: one.scale for one in attempts}
    for execution in executions:
        own = [scales.get(action.external_id, 1.0) for action in execution.actions.values()]
        execution.scale = max([scale, *own])


def _commits(
    client: Any, pipeline: str, executions: Iterable[Execution], known: Commits
) -> dict[str, Commit]:
    for one in executions:
        if one.id not in known and one.revision:
            asked = {"pipelineName": pipeline, "pipelineExecutionId": one.id}
            known[one.id] = api.commit(one, client.get_pipeline_execution(**asked))
    found = [known[one.id] for one in executions if one.id in known]
    return {commit.sha: commit for commit in found if commit}


def _add_actions(executions: dict[str, Execution], details: Iterable[dict[str, Any]]) -> None:
    for detail in details:
        if execution := executions.get(detail["pipelineExecutionId"]):
            action, key = api.action(detail), f"{detail.get('stageName')}/{detail['actionName']}"
            known = execution.actions.get(key)  # a stage that was tried again has it twice
            if not known or (known.started_at or 0) < (action.started_at or 0):
                execution.actions[key] = action


def _attempts(
    client: Any, application: str, group: str, since: float | None, answers: Answers
) -> Iterator[Attempt]:
    asked: dict[str, Any] = {"applicationName": application, "deploymentGroupName": group}
    if since is not None:
        asked["createTimeRange"] = {"start": since}
    keys = list(_pages(client.list_deployments, "deployments", **asked))
    yield from (api.attempt(answers[key]["info"], answers[key]["targets"]) for key in keys if key in answers)
    open_keys = [key for key in keys if key not in answers]
    for start in range(0, len(open_keys), AT_ONCE):
        answer = client.batch_get_deployments(deploymentIds=open_keys[start : start + AT_ONCE])
        for info in answer["deploymentsInfo"]:
            targets = _targets(client, info["deploymentId"])
            if api.is_final(info, time.time()):
                answers[info["deploymentId"]] = {"info": info, "targets": targets}
            yield api.attempt(info, targets)


def _targets(client: Any, key: str) -> list[dict[str, Any]]:
    names = list(_pages(client.list_deployment_targets, "targetIds", deploymentId=key))
    return [
        target
        for start in range(0, len(names), AT_ONCE)
        for target in client.batch_get_deployment_targets(
            deploymentId=key, targetIds=names[start : start + AT_ONCE]
        )["deploymentTargets"]
    ]


def _alarm_changes(client: Any, prefix: str) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    pages = client.get_paginator("describe_alarm_history").paginate(HistoryItemType="StateUpdate")
    for page in pages:
        for item in page["AlarmHistoryItems"]:
            if item["AlarmName"].startswith(prefix):
                data = json.loads(item.get("HistoryData") or "{}")
                new, old = data.get("newState") or {}, data.get("oldState") or {}
                value, reason = str(new.get("stateValue") or ""), str(new.get("stateReason") or "")
                change = Change(
                    seconds(item["Timestamp"]), value, str(old.get("stateValue") or ""), None, "", reason
                )
                found.setdefault(item["AlarmName"], []).append(change)
    return found


def _has_alarms(client: Any, prefix: str) -> bool:
    """Alarms that were quiet are a source too; none at all are not."""
    return bool(client.describe_alarms(AlarmNamePrefix=prefix, MaxRecords=1).get("MetricAlarms"))


def _pages(ask: Callable[..., dict[str, Any]], member: str, **request: Any) -> Iterator[Any]:
    for _ in range(MOST_PAGES):
        answer = ask(**request)
        yield from answer.get(member) or []
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]
    raise SourceError(f"--aws: {member} went on for {MOST_PAGES} pages")
