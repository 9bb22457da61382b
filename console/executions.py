"""Executions of a pipeline as CodePipeline's API answers them, and the strip of stages that a page draws.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

STATUSES = ("InProgress", "Succeeded", "Failed", "Stopping", "Stopped", "Superseded", "Cancelled")
RUNNING = ("InProgress", "Stopping")
SIGNS = {  # how the console's other pages mark such a thing
    **dict.fromkeys(("Succeeded",), "ok"),
    **dict.fromkeys(("Failed", "TimedOut"), "fault"),
    **dict.fromkeys(("Stopping", "Stopped", "Superseded", "Cancelled", "Abandoned"), "error"),
    **dict.fromkeys(("InProgress", "Created", "Queued", "Baking", "Ready"), "running"),
}
WORST_FIRST = ("Failed", "Abandoned", "Stopped", "InProgress")
OF_A_SERVICE = ("Build", "Test", "Deploy", "Invoke")
SHA_CHARACTERS = 7
DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{1,32}")

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a stage; without a status it was not begun. Times in epoch seconds."""

    stage: str
    name: str
    category: str = ""
    provider: str = ""
    status: str = ""
    started_s: float | None = None
    updated_s: float | None = None
    external_id: str = ""
    summary: str = ""
    error_code: str = ""
    error_message: str = ""
    application: str = ""  # of CodeDeploy's, with the deployment group
    group: str = ""

    @property
    def took_s(self) -> float | None:
        """From its start to its last change; None while it runs."""
        if self.started_s is None or self.updated_s is None or self.status == "InProgress":
            return None
        return self.updated_s - self.started_s

    @property
    def deployment_id(self) -> str:
        """The deployment that it started; "" for other actions."""
        is_one = self.category == "Deploy" and DEPLOYMENT_ID.fullmatch(self.external_id)
        return self.external_id if is_one else ""

    @property
    def log_stream(self) -> str:
        """The log stream of a build: CodeBuild names it after the build; "" for other actions."""
        is_build = self.provider == "CodeBuild" and ":" in self.external_id
        return self.external_id.rpartition(":")[2] if is_build else ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and how far its actions are."""

    name: str
    actions: tuple[Action, ...]

    @property
    def status(self) -> str:
        """That of its worst action; "" before the first begins."""
        said = {action.status for action in self.actions}
        if worst := next((status for status in WORST_FIRST if status in said), ""):
            return worst
        if said == {"Succeeded"}:
            return "Succeeded"
        return "InProgress" if "Succeeded" in said else ""


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that waits for somebody."""

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
    note: str
    stages: tuple[Stage, ...] = ()
    approvals: tuple[Approval, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it can still change."""
        return self.status in RUNNING

    @property
    def version(self) -> str:
        """What services of this execution say they are: the commit's first characters."""
        return self.commit[:SHA_CHARACTERS]

    @property
    def took_s(self) -> float | None:
        """From its start to its end; None while it runs."""
        if self.started_s is None or self.updated_s is None or self.is_running:
            return None
        return self.updated_s - self.started_s

    def actions(self) -> list[Action]:
        """All actions, in the pipeline's order."""
        return [action for stage in self.stages for action in stage.actions]

    def errors(self) -> list[Action]:
        """The actions that tell what went wrong."""
        return [action for action in self.actions() if action.error_code or action.error_message]


def execution_of(answer: Answer, actions: Iterable[Action], declared: Iterable[Stage]) -> Execution:
    """One entry of ListPipelineExecutions with its actions."""
    source: Answer = next(iter(answer.get("sourceRevisions") or ()), {})
    return Execution(
        str(answer.get("pipelineExecutionId", "")),
        str(answer.get("status", "")),
        epoch_s(answer.get("startTime")),
        epoch_s(answer.get("lastUpdateTime")),
        str(source.get("revisionId") or ""),
        message_of(source.get("revisionSummary")),
        trigger_of(answer.get("trigger") or {}),
        str(answer.get("statusSummary") or (answer.get("stopTrigger") or {}).get("reason") or ""),
        strip(declared, actions),
    )


def action_of(answer: Answer) -> Action:
    """One entry of ListActionExecutions."""
    kind = (answer.get("input") or {}).get("actionTypeId") or {}
    configuration = (answer.get("input") or {}).get("configuration") or {}
    result = (answer.get("output") or {}).get("executionResult") or {}
    error = result.get("errorDetails") or {}
    return Action(
        str(answer.get("stageName", "")),
        str(answer.get("actionName", "")),
        str(kind.get("category", "")),
        str(kind.get("provider", "")),
        str(answer.get("status", "")),
        epoch_s(answer.get("startTime")),
        epoch_s(answer.get("lastUpdateTime")),
        str(result.get("externalExecutionId") or ""),
        str(result.get("externalExecutionSummary") or ""),
        str(error.get("code") or ""),
        str(error.get("message") or ""),
        str(configuration.get("ApplicationName") or ""),
        str(configuration.get("DeploymentGroupName") or ""),
    )


def declared_stages(pipeline: Answer) -> list[Stage]:
    """The stages of GetPipeline's structure, none of their actions begun."""
    return [
        Stage(str(stage.get("name", "")), tuple(_declared(stage, one) for one in stage.get("actions", ())))
        for stage in pipeline.get("stages", ())
    ]


def strip(declared: Iterable[Stage], actions: Iterable[Action]) -> tuple[Stage, ...]:
    """The declared stages, each action at its newest attempt; what an older pipeline had comes after."""
    newest: dict[tuple[str, str], Action] = {}
    for action in sorted(actions, key=lambda one: one.started_s or 0.0):
        newest[action.stage, action.name] = action
    stages = {stage.name: list(stage.actions) for stage in declared}
    for (stage, name), action in newest.items():
        places = stages.setdefault(stage, [])
        at = next((n for n, one in enumerate(places) if one.name == name), len(places))
        places[at : at + 1] = [action]
    return tuple(Stage(name, tuple(placed)) for name, placed in stages.items())


def waiting_approvals(state: Answer) -> list[Approval]:
    """The approvals of GetPipelineState that have a token, which is what makes them answerable."""
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
    """The actions that deploy, by name: they are called as the services are."""
    return {
        action.name: action for stage in stages for action in stage.actions if action.category == "Deploy"
    }


def of_service(one: Execution, service: str) -> Execution | None:
    """The execution with that service's actions and nobody's; None when it did not get there."""
    mine = [action for action in one.actions() if action.name == service]
    if not mine or (not one.is_running and not any(action.status for action in mine)):
        return None
    kept = [
        Stage(
            stage.name,
            tuple(a for a in stage.actions if a.name == service or a.category not in OF_A_SERVICE),
        )
        for stage in one.stages
    ]
    return replace(one, stages=tuple(kept))


def message_of(summary: Any) -> str:
    """A commit's message; a connection to a Git host wraps it in JSON."""
    text = str(summary or "")
    if text.startswith("{"):
        try:
            document = json.loads(text)
            return str(document.get("CommitMessage") or text)
        except (ValueError, AttributeError, RecursionError):
            return text
    return text


def trigger_of(trigger: Answer) -> str:
    """What began it: AWS's name of the kind, and the last part of an ARN."""
    kind, detail = str(trigger.get("triggerType") or ""), str(trigger.get("triggerDetail") or "")
    last = detail.rpartition("/" if "/" in detail else ":")[2] if detail.startswith("arn:") else detail
    return f"{kind}: {last}" if kind and last else kind or last


def epoch_s(when: Any) -> float | None:
    """A time of boto3's as epoch seconds."""
    return float(when.timestamp()) if when is not None else None


def _declared(stage: Answer, action: Answer) -> Action:
    kind, configuration = action.get("actionTypeId") or {}, action.get("configuration") or {}
    return Action(
        str(stage.get("name", "")),
        str(action.get("name", "")),
        str(kind.get("category", "")),
        str(kind.get("provider", "")),
        application=str(configuration.get("ApplicationName") or ""),
        group=str(configuration.get("DeploymentGroupName") or ""),
    )
