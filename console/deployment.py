"""One deployment and its lifecycle as CodeDeploy's API answers them.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from console.executions import epoch_s

RUNNING = ("Created", "Queued", "InProgress", "Baking", "Ready")
# how an execution's status, which a page is filtered by, is said of deployments
STATUSES = {
    "InProgress": RUNNING,
    "Succeeded": ("Succeeded",),
    "Failed": ("Failed",),
    "Stopped": ("Stopped",),
    "Stopping": (),
    "Superseded": (),
    "Cancelled": (),
}
AFTER = 0.04  # of its length, so that a step at its end can be seen
TASK_DEFINITION = re.compile(r"TaskDefinition[\"']?\s*:\s*[\"']?([^\"'\s,}]+)")

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A lifecycle event; times in epoch seconds, None before it begins."""

    name: str
    status: str
    started_s: float | None = None
    ended_s: float | None = None
    message: str = ""

    @property
    def took_s(self) -> float | None:
        """How long it took; None while it runs."""
        if self.started_s is None or self.ended_s is None:
            return None
        return self.ended_s - self.started_s


@dataclass(frozen=True, slots=True)
class TaskSet:
    """Blue or green: its tasks, its target group and its share of production in percent."""

    label: str
    id: str
    status: str
    desired: int
    running: int
    pending: int
    percent: float
    target_group: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """What GetDeployment says, and its ECS target where it was asked for."""

    id: str
    application: str
    group: str
    config: str
    status: str
    created_s: float
    started_s: float | None
    ended_s: float | None
    description: str
    creator: str
    error_code: str
    error_message: str
    rolled_back_by: str
    rolls_back: str
    rollback_message: str
    task_definition: str
    events: tuple[Event, ...] = ()
    task_sets: tuple[TaskSet, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it can still change."""
        return self.status in RUNNING

    @property
    def start_s(self) -> float:
        """When its work began, or it was asked for."""
        return self.created_s if self.started_s is None else self.started_s

    @property
    def took_s(self) -> float | None:
        """From its start to its end; None while it runs."""
        return None if self.ended_s is None else self.ended_s - self.start_s

    @property
    def green_percent(self) -> float | None:
        """Green's share of production now, where its task set is still there."""
        return next((one.percent for one in self.task_sets if one.label == "Green"), None)

    def event(self, name: str) -> Event | None:
        """The lifecycle event of that name."""
        return next((event for event in self.events if event.name == name), None)

    def last_s(self, now_s: float) -> float:
        """Where its axis ends: a little after its end, or now; a second at least after the start."""
        if self.ended_s is None:
            return max(self.start_s + 1.0, now_s)
        return max(self.start_s + 1.0, self.ended_s + AFTER * (self.ended_s - self.start_s))

    def target_groups(self, pair: list[str]) -> dict[str, str]:
        """The target groups of blue and green; a task set that is gone had the other one of the pair."""
        known = {one.label.lower(): one.target_group for one in self.task_sets if one.target_group}
        for mine, other in (("blue", "green"), ("green", "blue")):
            rest = [name for name in pair if name != known.get(other)]
            if mine not in known and other in known and len(rest) == 1:
                known[mine] = rest[0]
        return {side: known[side] for side in ("blue", "green") if side in known}


def deployment_of(answer: Answer) -> Deployment:
    """One `deploymentInfo`."""
    error, rollback = answer.get("errorInformation") or {}, answer.get("rollbackInfo") or {}
    return Deployment(
        str(answer.get("deploymentId", "")),
        str(answer.get("applicationName", "")),
        str(answer.get("deploymentGroupName", "")),
        str(answer.get("deploymentConfigName", "")),
        str(answer.get("status", "")),
        epoch_s(answer.get("createTime")) or 0.0,
        epoch_s(answer.get("startTime")),
        epoch_s(answer.get("completeTime")),
        str(answer.get("description") or ""),
        str(answer.get("creator") or ""),
        str(error.get("code") or ""),
        str(error.get("message") or ""),
        str(rollback.get("rollbackDeploymentId") or ""),
        str(rollback.get("rollbackTriggeringDeploymentId") or ""),
        str(rollback.get("rollbackMessage") or ""),
        _task_definition(answer.get("revision") or {}),
    )


def with_target(one: Deployment, target: Answer) -> Deployment:
    """The deployment with what GetDeploymentTarget says of its ECS service."""
    ecs = target.get("ecsTarget") or {}
    return replace(
        one,
        events=tuple(_event(event) for event in ecs.get("lifecycleEvents") or ()),
        task_sets=tuple(_task_set(task_set) for task_set in ecs.get("taskSetsInfo") or ()),
    )


def _event(answer: Answer) -> Event:
    diagnostics = answer.get("diagnostics") or {}
    said = (diagnostics.get("errorCode"), diagnostics.get("message"), diagnostics.get("logTail"))
    return Event(
        str(answer.get("lifecycleEventName", "")),
        str(answer.get("status", "")),
        epoch_s(answer.get("startTime")),
        epoch_s(answer.get("endTime")),
        " ".join(str(each) for each in said if each and each != "Success"),
    )


def _task_set(answer: Answer) -> TaskSet:
    return TaskSet(
        str(answer.get("taskSetLabel", "")),
        str(answer.get("identifer", "")),  # the API's own spelling
        str(answer.get("status", "")),
        int(answer.get("desiredCount") or 0),
        int(answer.get("runningCount") or 0),
        int(answer.get("pendingCount") or 0),
        float(answer.get("trafficWeight") or 0.0),
        str((answer.get("targetGroup") or {}).get("name", "")),
    )


def _task_definition(revision: Answer) -> str:
    """The task definition that the AppSpec names, in YAML or JSON."""
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content") or ""
    lines = "\n".join(line for line in content.split("\n") if not line.lstrip().startswith("#"))
    found = TASK_DEFINITION.search(lines)
    return found[1] if found else ""
