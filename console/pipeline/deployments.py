"""Deployments, their lifecycle events and task sets as CodeDeploy's API answers them.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html
"""

import re
from dataclasses import dataclass, replace

from console.pipeline.answers import Answer, epoch_s, seconds_between, text

RUNNING = ("Created", "Queued", "InProgress", "Baking", "Ready")
# the status of an execution, by which the list is filtered, → the statuses of deployments that match it
STATUSES = {
    "InProgress": RUNNING,
    "Succeeded": ("Succeeded",),
    "Failed": ("Failed",),
    "Stopped": ("Stopped",),
    "Stopping": (),
    "Superseded": (),
    "Cancelled": (),
}
AFTER_END = 0.04  # how far the axis goes on, as a share of the deployment's length: a step at its end shows
TASK_DEFINITION = re.compile(r"TaskDefinition[\"']?\s*:\s*[\"']?([^\"'\s,}]+)")


@dataclass(frozen=True, slots=True)
class TrafficRouting:
    """How a deployment configuration shifts traffic; the defaults are AllAtOnce's."""

    kind: str = "AllAtOnce"  # or TimeBasedCanary, TimeBasedLinear, as the API names them
    percent: float = 100.0
    interval_min: float = 0.0

    def words(self) -> str:
        """Return the rule in words, as the beginning of a sentence."""
        if self.kind == "TimeBasedCanary":
            return f"canary: {self.percent:g} % for {self.interval_min:g} min, then all"
        if self.kind == "TimeBasedLinear":
            return f"linear: {self.percent:g} % more every {self.interval_min:g} min"
        return "all at once"


@dataclass(frozen=True, slots=True)
class DeploymentGroup:
    """A deployment group: the names of its two target groups, and of the alarms that stop a deployment."""

    target_groups: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """A lifecycle event; times in epoch seconds, None before it starts or ends."""

    name: str
    status: str
    started_s: float | None = None
    ended_s: float | None = None
    message: str = ""

    @property
    def took_s(self) -> float | None:
        """Seconds from its start to its end; None while it runs."""
        return seconds_between(self.started_s, self.ended_s)


@dataclass(frozen=True, slots=True)
class TaskSet:
    """Blue or green: its numbers of tasks, its target group, and its percentage of production traffic."""

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
    """A deployment; times in epoch seconds. Only `with_target` adds lifecycle events and task sets."""

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
    rolled_back_by: str  # the id of the deployment that rolls this one back
    rolls_back: str  # the id of the deployment that this one rolls back
    rollback_message: str
    task_definition: str
    events: tuple[LifecycleEvent, ...] = ()
    task_sets: tuple[TaskSet, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it can still change."""
        return self.status in RUNNING

    @property
    def start_s(self) -> float:
        """When it started, or was created if it has not started yet."""
        return self.created_s if self.started_s is None else self.started_s

    @property
    def took_s(self) -> float | None:
        """Seconds from its start to its end; None while it runs."""
        return seconds_between(self.start_s, self.ended_s)

    @property
    def green_percent(self) -> float | None:
        """Green's percentage of production traffic now; None when its task set is gone."""
        return next((task_set.percent for task_set in self.task_sets if task_set.label == "Green"), None)

    def event(self, name: str) -> LifecycleEvent | None:
        """Return the lifecycle event with that name, or None."""
        return next((event for event in self.events if event.name == name), None)

    def axis_end_s(self, now_s: float) -> float:
        """Return the end of its time axis: now, or shortly after its end; 1 s after its start at least."""
        if self.ended_s is None:
            return max(self.start_s + 1.0, now_s)
        return max(self.start_s + 1.0, self.ended_s + AFTER_END * (self.ended_s - self.start_s))

    def target_groups(self, pair: list[str]) -> dict[str, str]:
        """Return the target groups of "blue" and "green"; a task set that is gone had the other of `pair`."""
        groups = {
            task_set.label.lower(): task_set.target_group
            for task_set in self.task_sets
            if task_set.target_group
        }
        for side, opposite in (("blue", "green"), ("green", "blue")):
            remaining = [name for name in pair if name != groups.get(opposite)]
            if side not in groups and opposite in groups and len(remaining) == 1:
                groups[side] = remaining[0]
        return {side: groups[side] for side in ("blue", "green") if side in groups}


def deployment_of(answer: Answer) -> Deployment:
    """Return a `deploymentInfo` of GetDeployment or BatchGetDeployments."""
    return Deployment(
        id=text(answer, "deploymentId"),
        application=text(answer, "applicationName"),
        group=text(answer, "deploymentGroupName"),
        config=text(answer, "deploymentConfigName"),
        status=text(answer, "status"),
        created_s=epoch_s(answer.get("createTime")) or 0.0,
        started_s=epoch_s(answer.get("startTime")),
        ended_s=epoch_s(answer.get("completeTime")),
        description=text(answer, "description"),
        creator=text(answer, "creator"),
        error_code=text(answer, "errorInformation", "code"),
        error_message=text(answer, "errorInformation", "message"),
        rolled_back_by=text(answer, "rollbackInfo", "rollbackDeploymentId"),
        rolls_back=text(answer, "rollbackInfo", "rollbackTriggeringDeploymentId"),
        rollback_message=text(answer, "rollbackInfo", "rollbackMessage"),
        task_definition=_task_definition(answer.get("revision") or {}),
    )


def with_target(deployment: Deployment, target: Answer) -> Deployment:
    """Return the deployment with the lifecycle events and task sets of a `deploymentTarget`."""
    ecs = target.get("ecsTarget") or {}
    return replace(
        deployment,
        events=tuple(_event(event) for event in ecs.get("lifecycleEvents") or ()),
        task_sets=tuple(_task_set(task_set) for task_set in ecs.get("taskSetsInfo") or ()),
    )


def _event(answer: Answer) -> LifecycleEvent:
    words = (text(answer, "diagnostics", key) for key in ("errorCode", "message", "logTail"))
    return LifecycleEvent(
        text(answer, "lifecycleEventName"),
        text(answer, "status"),
        epoch_s(answer.get("startTime")),
        epoch_s(answer.get("endTime")),
        " ".join(word for word in words if word not in ("", "Success")),
    )


def _task_set(answer: Answer) -> TaskSet:
    return TaskSet(
        label=text(answer, "taskSetLabel"),
        id=text(answer, "identifer"),  # the API's own spelling
        status=text(answer, "status"),
        desired=int(answer.get("desiredCount") or 0),
        running=int(answer.get("runningCount") or 0),
        pending=int(answer.get("pendingCount") or 0),
        percent=float(answer.get("trafficWeight") or 0.0),
        target_group=text(answer, "targetGroup", "name"),
    )


def _task_definition(revision: Answer) -> str:
    """The task definition that the revision's AppSpec names, in YAML or JSON; "" without one."""
    content = text(revision, "appSpecContent", "content") or text(revision, "string", "content")
    lines = "\n".join(line for line in content.split("\n") if not line.lstrip().startswith("#"))
    match = TASK_DEFINITION.search(lines)
    return match[1] if match else ""
