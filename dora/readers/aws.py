"""Reads an account, or what stands in for one, through boto3: pipelines, deployments, alarms' histories.

Addresses are boto3's affair: AWS_ENDPOINT_URL_CODEPIPELINE and _CODEDEPLOY lead to a laptop.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, TypedDict

from dora.errors import SourceError
from dora.readers import api
from dora.readers.alarms import Change, incidents
from dora.readers.drafts import Attempt, Execution, assemble
from dora.readers.times import seconds
from dora.records import History, Incident, Note

SOURCE = "aws"
AT_ONCE = 25  # BatchGetDeployments' own bound
MOST_PAGES = 10_000
LAPTOPS = ("//127.0.0.1", "//localhost", "//[::1]")


class Answer(TypedDict):
    """What CodeDeploy said of a deployment; instants may be text, as JSON has them."""

    info: dict[str, Any]
    targets: list[dict[str, Any]]


Answers = MutableMapping[str, Answer]


def read(
    pipeline: str,
    *,
    alarms: str = "",
    scale: float = 1.0,
    session: Any = None,
    answers: Answers | None = None,
) -> History:
    """All that the APIs still know of one pipeline; with `alarms`, incidents from alarms of that prefix.

    `scale` is said by hand: no API tells how much a laptop hurries. A deployment that `answers` has is not
    asked for; one that is over for good is added to it.

    Raises SourceError with AWS's own words and what to do."""
    import botocore.exceptions  # here, so that a report from files needs no boto3

    try:
        return _read(pipeline, alarms, scale, session or _session(), {} if answers is None else answers)
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


def _read(pipeline: str, alarms: str, scale: float, session: Any, answers: Answers) -> History:
    from_pipeline, from_deploy = session.client("codepipeline"), session.client("codedeploy")
    notes: list[Note] = []
    executions = {
        one["pipelineExecutionId"]: api.execution(pipeline, one)
        for one in _pages(
            from_pipeline.list_pipeline_executions, "pipelineExecutionSummaries", pipelineName=pipeline
        )
    }
    details = list(
        _pages(from_pipeline.list_action_executions, "actionExecutionDetails", pipelineName=pipeline)
    )
    _add_actions(executions, details)
    attempts = [
        one
        for application, group in sorted(api.groups(details))
        for one in _attempts(from_deploy, application, group, answers)
    ]
    for execution in executions.values():
        execution.scale = scale
    for attempt in attempts:
        attempt.scale = scale
    deployments = assemble(executions.values(), attempts, {}, notes, SOURCE)
    found: list[Incident] = []
    if alarms:
        changes = _alarm_changes(session.client("cloudwatch"), alarms)
        found = incidents(changes, {one.service for one in deployments}, notes, SOURCE, scale)
    if scale == 1 and any(name in from_deploy.meta.endpoint_url for name in LAPTOPS):
        reason = "the API does not say whether time is scaled there: --time-scale does"
        notes.append(Note(SOURCE, from_deploy.meta.endpoint_url, reason))
    return History(tuple(deployments), tuple(found), tuple(notes), bool(alarms))


def _add_actions(executions: dict[str, Execution], details: Iterable[dict[str, Any]]) -> None:
    for detail in details:
        if execution := executions.get(detail["pipelineExecutionId"]):
            action, key = api.action(detail), f"{detail.get('stageName')}/{detail['actionName']}"
            known = execution.actions.get(key)  # a stage that was tried again has it twice
            if not known or (known.started_at or 0) < (action.started_at or 0):
                execution.actions[key] = action


def _attempts(client: Any, application: str, group: str, answers: Answers) -> Iterator[Attempt]:
    keys = list(
        _pages(client.list_deployments, "deployments", applicationName=application, deploymentGroupName=group)
    )
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
    """CloudWatch keeps them for 30 days."""
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


def _pages(ask: Callable[..., dict[str, Any]], member: str, **request: Any) -> Iterator[Any]:
    for _ in range(MOST_PAGES):
        answer = ask(**request)
        yield from answer.get(member) or []
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]
    raise SourceError(f"--aws: {member} went on for {MOST_PAGES} pages")
