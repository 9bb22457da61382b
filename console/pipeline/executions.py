"""Executions of a pipeline as CodePipeline's API answers them, with their stages and actions.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

STATUSES = ("InProgress", "Succeeded", "Failed", "Stopping", "Stopped", "Superseded", "Cancelled")
RUNNING = ("InProgress", "Stopping")
WORST_FIRST = ("Failed", "Abandoned", "Stopped", "InProgress")  # of the actions of a stage
OF_A_SERVICE = ("Build", "Test", "Deploy", "Invoke")  # categories of actions that are named after a service
SHA_CHARACTERS = 7
DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{1,32}")

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a stage; `status` is "" before it starts. Times in epoch seconds."""

    stage: str
    name: str
    category: str = ""
    provider: str = ""
    application: str = ""  # of a deploy action, with the deployment group
    group: str = ""
    status: str = ""
    started_s: float | None = None
    updated_s: float | None = None
    external_id: str = ""
    summary: str = ""
    error_code: str = ""
    error_message: str = ""

    @property
    def took_s(self) -> float | None:
        """Seconds from its start to its last update; None while it runs."""
        if self.started_s is None or self.updated_s is None or self.status == "InProgress":
            return None
        return self.updated_s - self.started_s

    @property
    def deployment_id(self) -> str:
        """The id of the deployment that a deploy action started; "" for other actions."""
        is_deployment = self.category == "Deploy" and DEPLOYMENT_ID.fullmatch(self.external_id)
        return self.external_id if is_deployment else ""

    @property
    def log_stream(self) -> str:
        """The log stream of a build, which CodeBuild names after the build; "" for other actions."""
        is_build = self.provider == "CodeBuild" and ":" in self.external_id
        return self.external_id.rpartition(":")[2] if is_build else ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage with its actions."""

    name: str
    actions: tuple[Action, ...]

    @property
    def status(self) -> str:
        """The status of its worst action; "" before the first starts."""
        statuses = {action.status for action in self.actions}
        if worst := next((status for status in WORST_FIRST if status in statuses), ""):
            return worst
        if statuses == {"Succeeded"}:
            return "Succeeded"
        return "InProgress" if "Succeeded" in statuses else ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A manual approval that waits for an answer."""

    stage: str
    action: str
    token: str
    execution_id: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of the pipeline; times in epoch seconds."""

    id: str
    status: str
    started_s: float | None
    updated_s: float | None
    commit: str
    message: str
    trigger: str
    note: str  # CodePipeline's own words about the status
    stages: tuple[Stage, ...] = ()
    approvals: tuple[Approval, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it can still change."""
        return self.status in RUNNING

    @property
    def version(self) -> str:
        """The version of its services: the first characters of the commit."""
        return self.commit[:SHA_CHARACTERS]

    @property
    def took_s(self) -> float | None:
        """Seconds from its start to its end; None while it runs."""
        if self.started_s is None or self.updated_s is None or self.is_running:
            return None
        return self.updated_s - self.started_s

    def actions(self) -> list[Action]:
        """Return the actions of all stages, in the pipeline's order."""
        return [action for stage in self.stages for action in stage.actions]

    def errors(self) -> list[Action]:
        """Return the actions that have an error code or message."""
        return [action for action in self.actions() if action.error_code or action.error_message]


def execution_of(answer: Answer, actions: Iterable[Action], declared: Iterable[Stage]) -> Execution:
    """Return an entry of ListPipelineExecutions with its actions, in the declared stages."""
    source: Answer = next(iter(answer.get("sourceRevisions") or ()), {})
    return Execution(
        id=str(answer.get("pipelineExecutionId", "")),
        status=str(answer.get("status", "")),
        started_s=epoch_s(answer.get("startTime")),
        updated_s=epoch_s(answer.get("lastUpdateTime")),
        commit=str(source.get("revisionId") or ""),
        message=message_of(source.get("revisionSummary")),
        trigger=trigger_of(answer.get("trigger") or {}),
        note=str(answer.get("statusSummary") or (answer.get("stopTrigger") or {}).get("reason") or ""),
        stages=with_actions(declared, actions),
    )


def action_of(answer: Answer) -> Action:
    """Return an entry of ListActionExecutions."""
    result = (answer.get("output") or {}).get("executionResult") or {}
    error = result.get("errorDetails") or {}
    declared = _declared_action(
        answer.get("stageName", ""), {"name": answer.get("actionName", ""), **(answer.get("input") or {})}
    )
    return replace(
        declared,
        status=str(answer.get("status", "")),
        started_s=epoch_s(answer.get("startTime")),
        updated_s=epoch_s(answer.get("lastUpdateTime")),
        external_id=str(result.get("externalExecutionId") or ""),
        summary=str(result.get("externalExecutionSummary") or ""),
        error_code=str(error.get("code") or ""),
        error_message=str(error.get("message") or ""),
    )


def declared_stages(pipeline: Answer) -> list[Stage]:
    """Return the stages of GetPipeline's answer; none of their actions has a status."""
    return [
        Stage(
            str(stage.get("name", "")),
            tuple(_declared_action(stage.get("name", ""), action) for action in stage.get("actions", ())),
        )
        for stage in pipeline.get("stages", ())
    ]


def with_actions(declared: Iterable[Stage], actions: Iterable[Action]) -> tuple[Stage, ...]:
    """Return the declared stages with each action's newest attempt; undeclared actions come last."""
    newest: dict[tuple[str, str], Action] = {}
    for action in sorted(actions, key=lambda action: action.started_s or 0.0):
        newest[action.stage, action.name] = action
    stages = {stage.name: {action.name: action for action in stage.actions} for stage in declared}
    for (stage_name, name), action in newest.items():
        stages.setdefault(stage_name, {})[name] = action
    return tuple(Stage(name, tuple(placed.values())) for name, placed in stages.items())


def waiting_approvals(state: Answer) -> list[Approval]:
    """Return the approvals of GetPipelineState that have a token, without which nobody can answer them."""
    return [
        Approval(
            str(stage.get("stageName", "")),
            str(action.get("actionName", "")),
            str(latest["token"]),
            str((stage.get("latestExecution") or {}).get("pipelineExecutionId", "")),
        )
        for stage in state.get("stageStates", ())
        for action in stage.get("actionStates", ())
        if (latest := action.get("latestExecution") or {}).get("token")
        and latest.get("status") == "InProgress"
    ]


def deploy_actions(stages: Iterable[Stage]) -> dict[str, Action]:
    """Return the deploy actions by name: each has the name of its service."""
    return {
        action.name: action for stage in stages for action in stage.actions if action.category == "Deploy"
    }


def of_service(execution: Execution, service: str) -> Execution | None:
    """Return the execution without other services' actions; None if it ended before the service's began."""
    own = [action for action in execution.actions() if action.name == service]
    if not own or (not execution.is_running and not any(action.status for action in own)):
        return None
    stages = tuple(
        Stage(
            stage.name, tuple(a for a in stage.actions if a.name == service or a.category not in OF_A_SERVICE)
        )
        for stage in execution.stages
    )
    return replace(execution, stages=stages)


def message_of(summary: Any) -> str:
    """Return a commit's message; a connection to a Git host wraps it in JSON."""
    text = str(summary or "")
    if text.startswith("{"):
        try:
            document = json.loads(text)
            return str(document.get("CommitMessage") or text)
        except (ValueError, AttributeError, RecursionError):
            return text
    return text


def trigger_of(trigger: Answer) -> str:
    """Return what started an execution: AWS's name of the trigger's type, and the last part of its ARN."""
    kind, detail = str(trigger.get("triggerType") or ""), str(trigger.get("triggerDetail") or "")
    last = detail.rpartition("/" if "/" in detail else ":")[2] if detail.startswith("arn:") else detail
    return f"{kind}: {last}" if kind and last else kind or last


def epoch_s(when: Any) -> float | None:
    """Return a datetime of boto3's as epoch seconds."""
    return float(when.timestamp()) if when is not None else None


def _declared_action(stage: Any, action: Answer) -> Action:
    """An action that GetPipeline declares, or that ListActionExecutions repeats as `input`."""
    kind, configuration = action.get("actionTypeId") or {}, action.get("configuration") or {}
    return Action(
        str(stage),
        str(action.get("name", "")),
        str(kind.get("category", "")),
        str(kind.get("provider", "")),
        str(configuration.get("ApplicationName") or ""),
        str(configuration.get("DeploymentGroupName") or ""),
    )
