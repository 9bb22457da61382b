"""A pipeline execution as it is kept: stages, their actions, and where it stands."""

from dataclasses import dataclass, field, fields
from typing import Any

ENDED = ("Succeeded", "Failed", "Stopped")


@dataclass(slots=True, kw_only=True)
class Action:
    """One action of the pipeline in this execution; times in epoch seconds."""

    name: str
    category: str
    provider: str
    run_order: int
    configuration: dict[str, str]
    inputs: list[str]
    outputs: list[str]
    namespace: str = ""
    id: str = ""  # of the action execution
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    summary: str = ""
    external_id: str = ""
    error_code: str = ""
    error_message: str = ""
    token: str = ""  # an approval waits with it
    progress: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Stage:
    """One stage."""

    name: str
    actions: list[Action]

    @property
    def status(self) -> str:
        """Of its actions."""
        statuses = {action.status for action in self.actions}
        if "Failed" in statuses:
            return "InProgress" if "InProgress" in statuses else "Failed"
        if statuses == {"Succeeded"}:
            return "Succeeded"
        return "Pending" if statuses == {"Pending"} else "InProgress"


@dataclass(slots=True, kw_only=True)
class Execution:
    """One run of the pipeline."""

    id: str
    pipeline: str
    commit: str
    summary: str
    author: str
    authored: float
    trigger_type: str
    trigger_detail: str
    created: float
    scale: float
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
        """The index of the stage that it is in or wants to enter; their number when it is through."""
        for index, stage in enumerate(self.stages):
            if stage.status != "Succeeded":
                return index
        return len(self.stages)

    @property
    def next(self) -> Stage | None:
        """The stage that it is in or wants to enter; None when it is through."""
        return self.stages[self.stage] if self.stage < len(self.stages) else None


def begin(pipeline: dict[str, Any], **about: Any) -> Execution:
    """An execution of the pipeline of the templates, nothing of it done."""
    stages = [
        Stage(
            name=stage["Name"],
            actions=[
                Action(
                    name=action["Name"],
                    category=action["ActionTypeId"]["Category"],
                    provider=action["ActionTypeId"]["Provider"],
                    run_order=int(action.get("RunOrder", 1)),
                    configuration=action.get("Configuration", {}),
                    inputs=[one["Name"] for one in action.get("InputArtifacts", [])],
                    outputs=[one["Name"] for one in action.get("OutputArtifacts", [])],
                    namespace=action.get("Namespace", ""),
                )
                for action in stage["Actions"]
            ],
        )
        for stage in pipeline["Stages"]
    ]
    return Execution(pipeline=pipeline["Name"], stages=stages, **about)


def as_document(execution: Execution) -> dict[str, Any]:
    """For the journal."""
    document = {one.name: getattr(execution, one.name) for one in fields(execution)}
    document["stages"] = [
        {
            "name": stage.name,
            "actions": [
                {one.name: getattr(action, one.name) for one in fields(action)} for action in stage.actions
            ],
        }
        for stage in execution.stages
    ]
    return document


def from_document(document: dict[str, Any]) -> Execution:
    """Back from the journal."""
    stages = [
        Stage(name=stage["name"], actions=[Action(**action) for action in stage["actions"]])
        for stage in document["stages"]
    ]
    return Execution(**{**document, "stages": stages})
