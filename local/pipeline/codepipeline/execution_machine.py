"""The state machine of a pipeline execution: from its state and its actions' results to effects. Pure.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FINAL_STATUSES = ("Succeeded", "Failed", "Stopped")


@dataclass(slots=True, kw_only=True)
class Action:
    """An action of the pipeline in one execution. Times are epoch seconds."""

    name: str
    category: str  # Source, Build, Approval or Deploy
    provider: str
    run_order: int
    configuration: dict[str, str]
    inputs: list[str]  # names of artifacts
    outputs: list[str]
    namespace: str = ""  # of its output variables
    id: str = ""  # of the action execution, once it has begun
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    summary: str = ""
    external_id: str = ""  # of the commit, the build or the deployment
    error_code: str = ""
    error_message: str = ""
    token: str = ""  # of an approval that waits
    progress: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Stage:
    """A stage of the pipeline in one execution."""

    name: str
    actions: list[Action]

    @property
    def status(self) -> str:
        """Pending, InProgress, Succeeded or Failed, as its actions are."""
        statuses = {action.status for action in self.actions}
        if "Failed" in statuses:
            return "InProgress" if "InProgress" in statuses else "Failed"
        if statuses == {"Succeeded"}:
            return "Succeeded"
        return "Pending" if statuses == {"Pending"} else "InProgress"

    @property
    def has_begun(self) -> bool:
        """Whether one of its actions has begun."""
        return any(action.id for action in self.actions)


@dataclass(slots=True, kw_only=True)
class Execution:
    """A run of the pipeline as the journal keeps it. Times are epoch seconds."""

    id: str
    pipeline: str
    commit: str
    summary: str  # first line of the commit's message
    author: str
    authored: float
    trigger_type: str
    trigger_detail: str
    created: float
    scale: float  # time scale
    stages: list[Stage]
    status: str = "InProgress"
    ended: float | None = None
    stop_asked: bool = False
    abandon: bool = False
    stop_reason: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)  # name → key in the bucket
    variables: dict[str, dict[str, str]] = field(default_factory=dict)  # namespace → variable → value

    @property
    def stage(self) -> int:
        """The index of the stage that it is in or waits to enter; the number of stages after the last one."""
        for index, stage in enumerate(self.stages):
            if stage.status != "Succeeded":
                return index
        return len(self.stages)

    @property
    def next(self) -> Stage | None:
        """The stage that it is in or waits to enter; None after the last one."""
        return self.stages[self.stage] if self.stage < len(self.stages) else None


class EffectKind(StrEnum):
    """What has to be done."""

    BEGIN = "begin"  # an action
    ABANDON = "abandon"  # an action
    ANNOUNCE = "announce"  # the state of an action, a stage or the execution, as an EventBridge event


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to do, for an action, or without one for a stage, or without both for the execution."""

    kind: EffectKind
    state: str = ""
    stage: Stage | None = None
    action: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What has become of an action. With the status Pending it has to begin again."""

    status: str
    summary: str = ""
    external_id: str = ""
    error_code: str = ""
    error_message: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)  # name → key in the bucket
    variables: dict[str, str] = field(default_factory=dict)


def pending_stages(pipeline: Mapping[str, Any]) -> list[Stage]:
    """Return the stages of a new execution from the pipeline's CloudFormation properties."""
    return [
        Stage(
            name=stage["Name"],
            actions=[
                Action(
                    name=action["Name"],
                    category=action["ActionTypeId"]["Category"],
                    provider=action["ActionTypeId"]["Provider"],
                    run_order=int(action.get("RunOrder", 1)),
                    configuration=action.get("Configuration", {}),
                    inputs=[artifact["Name"] for artifact in action.get("InputArtifacts", [])],
                    outputs=[artifact["Name"] for artifact in action.get("OutputArtifacts", [])],
                    namespace=action.get("Namespace", ""),
                )
                for action in stage["Actions"]
            ],
        )
        for stage in pipeline["Stages"]
    ]


def advance(execution: Execution, results: Mapping[str, Result], now: float) -> list[Effect]:
    """Change `execution` as far as its actions' results (by action id) allow; return what has to be done."""
    stage = execution.next
    if not stage:
        return _end(execution, "Succeeded", now)
    effects: list[Effect] = []
    for action in stage.actions:
        if action.status == "InProgress" and action.id in results:
            effects += _take(execution, stage, action, results[action.id], now)
    is_working = any(action.status == "InProgress" for action in stage.actions)
    if stage.status == "Failed":
        effects.append(Effect(EffectKind.ANNOUNCE, "FAILED", stage))
        effects += _end(execution, "Failed", now)
    elif execution.stop_asked and (execution.abandon or not is_working):
        effects += _stop(execution, stage, now)
    elif stage.status == "Succeeded":
        effects.append(Effect(EffectKind.ANNOUNCE, "SUCCEEDED", stage))
    elif not execution.stop_asked and not any(action.status == "Failed" for action in stage.actions):
        effects += _begin_next_actions(stage, now)
    return effects


def request_stop(execution: Execution, reason: str, *, abandon: bool) -> list[Effect]:
    """Note a request to stop after the running actions or to abandon them; return what to announce."""
    effects: list[Effect] = []
    if not execution.stop_asked:
        execution.status = "Stopping"
        effects.append(Effect(EffectKind.ANNOUNCE, "STOPPING"))
        if execution.next and execution.next.has_begun:
            effects.append(Effect(EffectKind.ANNOUNCE, "STOPPING", execution.next))
    execution.stop_asked, execution.abandon = True, abandon
    execution.stop_reason = reason or execution.stop_reason
    return effects


def answer_approval(
    stage: Stage, action: Action, summary: str, now: float, *, approved: bool
) -> list[Effect]:
    """End an approval action; return what to announce."""
    effects = _end_action(stage, action, "Succeeded" if approved else "Failed", summary, now)
    if stage.status == "Succeeded":
        effects.append(Effect(EffectKind.ANNOUNCE, "SUCCEEDED", stage))
    return effects


def _begin_next_actions(stage: Stage, now: float) -> list[Effect]:
    """Begin the actions of the lowest run order that is not over; higher ones wait for all of them."""
    effects: list[Effect] = []
    if stage.status == "Pending":
        effects.append(Effect(EffectKind.ANNOUNCE, "STARTED", stage))
    remaining = [action for action in stage.actions if action.status != "Succeeded"]
    run_order = min(action.run_order for action in remaining)
    for action in remaining:
        if action.run_order == run_order and action.status == "Pending":
            action.status, action.started = "InProgress", now
            effects.append(Effect(EffectKind.BEGIN, "", stage, action))
            effects.append(Effect(EffectKind.ANNOUNCE, "STARTED", stage, action))
    return effects


def _take(execution: Execution, stage: Stage, action: Action, result: Result, now: float) -> list[Effect]:
    execution.artifacts |= result.artifacts
    if action.namespace and result.variables:
        execution.variables[action.namespace] = result.variables
    action.external_id = result.external_id or action.external_id
    if result.status == "Pending":
        action.status = "Pending"
        return []
    if result.status == "InProgress":
        action.summary = result.summary
        return []
    action.error_code, action.error_message = result.error_code, result.error_message
    return _end_action(stage, action, result.status, result.summary, now)


def _stop(execution: Execution, stage: Stage, now: float) -> list[Effect]:
    effects: list[Effect] = []
    for action in stage.actions:
        if action.status == "InProgress":
            effects.append(Effect(EffectKind.ABANDON, "", stage, action))
            effects += _end_action(stage, action, "Abandoned", execution.stop_reason, now)
    if stage.has_begun:
        state = "SUCCEEDED" if stage.status == "Succeeded" else "STOPPED"
        effects.append(Effect(EffectKind.ANNOUNCE, state, stage))
    return effects + _end(execution, "Stopped", now)


def _end_action(stage: Stage, action: Action, status: str, summary: str, now: float) -> list[Effect]:
    action.status, action.ended, action.summary = status, now, summary
    return [Effect(EffectKind.ANNOUNCE, status.upper(), stage, action)]


def _end(execution: Execution, status: str, now: float) -> list[Effect]:
    execution.status, execution.ended = status, now
    return [Effect(EffectKind.ANNOUNCE, status.upper())]
