"""Executions of a pipeline as CodePipeline's API answers them, with their stages and actions.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from console.pipeline.answers import Answer, epoch_s, seconds_between, text
from dora.readers.aws_responses import commit_message

STATUSES = ("InProgress", "Succeeded", "Failed", "Stopping", "Stopped", "Superseded", "Cancelled")
RUNNING = ("InProgress", "Stopping")
WORST_FIRST = ("Failed", "Abandoned", "Stopped", "InProgress")  # of the actions of a stage
OF_A_SERVICE = ("Build", "Test", "Deploy", "Invoke")  # categories of actions that are named after a service
SHA_CHARACTERS = 7
DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{1,32}")


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
        return None if self.status == "InProgress" else seconds_between(self.started_s, self.updated_s)

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
        return None if self.is_running else seconds_between(self.started_s, self.updated_s)

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
        id=text(answer, "pipelineExecutionId"),
        status=text(answer, "status"),
        started_s=epoch_s(answer.get("startTime")),
        updated_s=epoch_s(answer.get("lastUpdateTime")),
        commit=text(source, "revisionId"),
        message=commit_message(text(source, "revisionSummary")),
        trigger=trigger_of(answer),
        note=text(answer, "statusSummary") or text(answer, "stopTrigger", "reason"),
        stages=with_actions(declared, actions),
    )


def action_of(answer: Answer) -> Action:
    """Return an entry of ListActionExecutions."""
    declared = {"name": answer.get("actionName"), **(answer.get("input") or {})}
    result = (answer.get("output") or {}).get("executionResult") or {}
    return replace(
        _declared_action(text(answer, "stageName"), declared),
        status=text(answer, "status"),
        started_s=epoch_s(answer.get("startTime")),
        updated_s=epoch_s(answer.get("lastUpdateTime")),
        external_id=text(result, "externalExecutionId"),
        summary=text(result, "externalExecutionSummary"),
        error_code=text(result, "errorDetails", "code"),
        error_message=text(result, "errorDetails", "message"),
    )


def declared_stages(pipeline: Answer) -> list[Stage]:
    """Return the stages of GetPipeline's answer; none of their actions has a status."""
    stages = [(text(stage, "name"), stage.get("actions", ())) for stage in pipeline.get("stages", ())]
    return [
        Stage(name, tuple(_declared_action(name, action) for action in actions)) for name, actions in stages
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
            stage=text(stage, "stageName"),
            action=text(action, "actionName"),
            token=text(action, "latestExecution", "token"),
            execution_id=text(stage, "latestExecution", "pipelineExecutionId"),
        )
        for stage in state.get("stageStates", ())
        for action in stage.get("actionStates", ())
        if text(action, "latestExecution", "token")
        and text(action, "latestExecution", "status") == "InProgress"
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


def trigger_of(answer: Answer) -> str:
    """Return what started an execution: AWS's name of the trigger's type, and the last part of its ARN."""
    kind, detail = text(answer, "trigger", "triggerType"), text(answer, "trigger", "triggerDetail")
    last = detail.rpartition("/" if "/" in detail else ":")[2] if detail.startswith("arn:") else detail
    return f"{kind}: {last}" if kind and last else kind or last


def _declared_action(stage: str, action: Answer) -> Action:
    """An action that GetPipeline declares, or that ListActionExecutions repeats as `input`."""
    return Action(
        stage,
        text(action, "name"),
        text(action, "actionTypeId", "category"),
        text(action, "actionTypeId", "provider"),
        text(action, "configuration", "ApplicationName"),
        text(action, "configuration", "DeploymentGroupName"),
    )
