"""What the pipeline has done since an attempt began, as CodePipeline, CodeDeploy and CloudWatch tell it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import EndpointConnectionError

from labs.lab import Result, not_yet, wait, wrong
from labs.readings import SERVICES
from labs.workspace import Workspace

PIPELINE = APPLICATION = CLUSTER = "lantern"
UNDER_WAY = ("InProgress", "Stopping", "Created", "Queued")
STOPPED_BY_ALARM = "ALARM_ACTIVE"


@dataclass(frozen=True, slots=True)
class Event:
    """A lifecycle event of a deployment; times are epoch seconds."""

    began: float
    ended: float
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment of a service by CodeDeploy."""

    id: str
    service: str
    status: str
    creator: str = ""
    ended: float = 0.0
    error_code: str = ""
    error: str = ""
    config: str = ""
    events: dict[str, Event]
    target_groups: dict[str, float]  # name → percent of production's traffic

    @property
    def is_by_pipeline(self) -> bool:
        """Whether an execution asked for it; CodeDeploy itself asks for rollbacks."""
        return self.creator != "codeDeployRollback"

    def length_s(self, event: str) -> float:
        """How long a lifecycle event took."""
        return self.events[event].ended - self.events[event].began


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution of the pipeline; `authored` is the time of its commit."""

    id: str
    status: str
    began: float
    commit: str
    authored: float
    summary: str = ""

    @property
    def version(self) -> str:
        """The version that services built from its commit report."""
        return self.commit[:7]


class Deliveries:
    """The executions and deployments of an attempt, oldest first. Nothing without a pipeline that answers."""

    def __init__(self, work: Workspace) -> None:
        self._work = work
        self._asked_for: dict[str, set[str]] = {}  # execution → deployments

    @cached_property
    def executions(self) -> list[Execution]:
        """The executions."""
        try:
            return sorted(self._executions(), key=lambda execution: execution.began)
        except EndpointConnectionError:
            return []  # the first `make rehearse` starts it

    @cached_property
    def deployments(self) -> list[Deployment]:
        """The deployments, rollbacks too."""
        try:
            return list(reversed([self._deployment(key) for key in self._deployment_ids()]))
        except EndpointConnectionError:
            return []

    def of(self, execution: Execution) -> list[Deployment]:
        """The deployments that an execution has asked for."""
        if execution.id not in self._asked_for:
            self._asked_for[execution.id] = self._deployments_of(execution.id)
        ids = self._asked_for[execution.id]
        return [deployment for deployment in self.deployments if deployment.id in ids]

    def _deployments_of(self, execution: str) -> set[str]:
        actions = self._work.pages(
            "codepipeline",
            "list_action_executions",
            "actionExecutionDetails",
            pipelineName=PIPELINE,
            filter={"pipelineExecutionId": execution},
        )
        results = (action.get("output", {}).get("executionResult", {}) for action in actions)
        return {result.get("externalExecutionId", "") for result in results}

    def share_percent(self, deployment: Deployment) -> int:
        """The largest share of production's traffic that the deployment's version had."""
        shift = deployment.events.get("AllowTraffic")
        if shift is None or not shift.began:
            return 0
        if shift.status == "Succeeded":
            return 100
        answer = self._work.client("codedeploy").get_deployment_config(deploymentConfigName=deployment.config)
        routing = answer["deploymentConfigInfo"]["trafficRoutingConfig"]
        return int(routing["timeBasedCanary"]["canaryPercentage"])

    def rang(self, service: str, since: float, until: float) -> list[str]:
        """The alarms of a service that rang in a time."""
        history = self._work.delivery_client("cloudwatch").get_paginator("describe_alarm_history")
        pages = history.paginate(StartDate=_time(since), EndDate=_time(until), HistoryItemType="StateUpdate")
        entries = [entry for page in pages for entry in page["AlarmHistoryItems"]]
        names = {entry["AlarmName"] for entry in entries if entry["HistorySummary"].endswith("to ALARM")}
        return sorted(name for name in names if name.startswith(f"lantern-{service}-"))

    def _executions(self) -> Iterator[Execution]:
        began, client = self._work.attempt.began, self._work.client("codepipeline")
        for entry in self._work.pages(
            "codepipeline", "list_pipeline_executions", "pipelineExecutionSummaries", pipelineName=PIPELINE
        ):
            if entry["startTime"].timestamp() < began:
                return  # the newest come first
            key = entry["pipelineExecutionId"]
            answer = client.get_pipeline_execution(pipelineName=PIPELINE, pipelineExecutionId=key)
            revision = answer["pipelineExecution"]["artifactRevisions"][0]
            yield Execution(
                id=key,
                status=entry["status"],
                began=entry["startTime"].timestamp(),
                commit=revision["revisionId"],
                authored=_seconds(revision.get("created")),
                summary=revision.get("revisionSummary", ""),
            )

    def _deployment_ids(self) -> list[str]:
        since = {"start": _time(self._work.attempt.began)}
        return [
            key
            for service in SERVICES
            for key in self._work.pages(
                "codedeploy",
                "list_deployments",
                "deployments",
                applicationName=APPLICATION,
                deploymentGroupName=service,
                createTimeRange=since,
            )
        ]

    def _deployment(self, key: str) -> Deployment:
        client = self._work.client("codedeploy")
        info = client.get_deployment(deploymentId=key)["deploymentInfo"]
        service = info["deploymentGroupName"]
        answer = client.get_deployment_target(deploymentId=key, targetId=f"{CLUSTER}:{service}")
        target = answer["deploymentTarget"]["ecsTarget"]
        error = info.get("errorInformation", {})
        return Deployment(
            id=key,
            service=service,
            status=info["status"],
            config=info["deploymentConfigName"],
            creator=info.get("creator", ""),
            ended=_seconds(info.get("completeTime")),
            error_code=error.get("code", ""),
            error=error.get("message", ""),
            events={event["lifecycleEventName"]: _event(event) for event in target["lifecycleEvents"]},
            target_groups={
                task_set["targetGroup"]["name"]: task_set["trafficWeight"]
                for task_set in target["taskSetsInfo"]
            },
        )


def not_released(work: Workspace, expected: str, execution: Execution | None) -> Result | None:
    """Why an execution has not brought a commit of this attempt to all services; None if it has."""
    look, link = "make rehearse COMMIT=…", work.page("deployments")
    if execution is None:
        return not_yet(expected, "no execution of the pipeline since this attempt began", look, link)
    name = f"execution {execution.id} of commit {execution.version}"
    if execution.status in UNDER_WAY:
        return wait(f"the end of {name}", "it is under way", "the console's Deployments", link)
    if execution.authored < int(work.attempt.began):
        return wrong(expected, f"{name}, which is older than this attempt: {execution.summary}", look, link)
    if execution.status != "Succeeded":
        return wrong(expected, f"{name} {execution.status.lower()}{_reason(work, execution)}", look, link)
    return None


def _reason(work: Workspace, execution: Execution) -> str:
    failed = [each for each in work.once(Deliveries).of(execution) if each.error_code]
    return "".join(f"; {each.service}: {each.error_code}: {each.error}" for each in failed)


def _event(event: dict[str, Any]) -> Event:
    return Event(_seconds(event.get("startTime")), _seconds(event.get("endTime")), event["status"])


def _seconds(instant: datetime | None) -> float:
    return instant.timestamp() if instant else 0.0


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone()
