"""One ECS blue/green deployment as CodeDeploy goes about it: pure, state and observation in, effects out.

The events and their order: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html. What a
stop looks like (which event fails, what is skipped, the rollback deployment beside it) follows real ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from local.pipeline.architecture import Shift
from local.pipeline.clock import Clock

EVENTS = (
    *("BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic"),
    *("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
)
HOOKS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
HEALTHY_WITHIN_S = 60 * 60  # simulated, both are CodeDeploy's own
HOOK_WITHIN_S = 60 * 60
LEAST_WAIT_S = 30  # real: programs start no faster because time passes faster
ENDED = ("Succeeded", "Failed", "Stopped")
ROLLBACK_CREATOR = "codeDeployRollback"
ROLLBACK_CONFIG = "CodeDeployDefault.ECSAllAtOnce"


@dataclass(slots=True, kw_only=True)
class Event:
    """One lifecycle event; times in epoch seconds."""

    name: str
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    hook: str = ""  # the function, where the AppSpec names one
    hook_id: str = ""
    answer: str = ""  # what the function said
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """All that has to survive the end of this process."""

    id: str
    application: str
    group: str
    creator: str
    config: str
    created: float
    app_spec: str
    task_definition: str
    blue: str  # task sets
    green: str
    blue_targets: str  # target groups
    green_targets: str
    blue_task_definition: str = ""  # the last good one
    description: str = ""
    execution: str = ""  # the pipeline execution that asked for it
    scale: float = 1.0
    status: str = "Created"
    phase: str = "deploying"  # → keeping blue → ending blue | ending green → ended
    started: float | None = None
    ended: float | None = None
    error_code: str = ""
    error_message: str = ""
    events: list[Event] = field(default_factory=list)
    step: int = -1  # of the traffic shift
    next_at: float | None = None
    green_weight: int = 0
    weights: list[tuple[float, int]] = field(default_factory=list)  # time, green's share in percent
    stop_asked: bool = False
    rollback: str = ""  # the deployment that rolls this one back
    rolls_back: str = ""  # the deployment that this one rolls back
    rollback_message: str = ""

    def event(self, name: str) -> Event:
        """The lifecycle event of this name."""
        return next(event for event in self.events if event.name == name)

    @property
    def current(self) -> Event | None:
        """The first that is not over."""
        return next((event for event in self.events if event.status in ("Pending", "InProgress")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The world as a deployment needs it, at one moment (epoch seconds)."""

    now: float
    green_steady: bool = False  # the wanted number of tasks runs and passes every health check
    green_gone: bool = False
    blue_gone: bool = False
    alarms: tuple[str, ...] = ()  # of the deployment group, those in ALARM
    broken_hooks: dict[str, str] = field(default_factory=dict)  # hook id → why it could not be invoked


@dataclass(frozen=True, slots=True)
class Rules:
    """What the deployment group says."""

    shift: Shift
    termination_s: float  # simulated
    rolls_back_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be done: `scale` a task set, `weigh` production, `try` the test listener, `invoke` a hook,
    `promote` a task set, `announce` a state, `roll back`."""

    kind: str
    subject: str = ""
    number: int = 0


def begin(deployment: Deployment, hooks: dict[str, str]) -> None:
    """Lay out the lifecycle events; `hooks` maps events to functions."""
    deployment.events = [Event(name=name, hook=hooks.get(name, "")) for name in EVENTS]


def advance(deployment: Deployment, seen: Observed, rules: Rules, clock: Clock) -> list[Effect]:
    """Move on as far as `seen` allows, changing `deployment`; returns what has to be done now."""
    effects: list[Effect] = []
    if deployment.status == "Created":
        deployment.status, deployment.started = "InProgress", seen.now
        effects.append(Effect("announce", "START"))
    if deployment.phase in ("deploying", "keeping blue"):
        why = _trouble(deployment, seen, clock)
        if why:
            return effects + _give_up(deployment, seen, rules, *why)
    while deployment.phase == "deploying" and (event := deployment.current):
        effects += _enter(deployment, event, seen)
        more, is_over = _carry_on(deployment, event, seen, rules, clock)
        effects += more
        if not is_over:
            return effects
        event.status, event.ended = "Succeeded", seen.now
    if deployment.phase == "deploying":
        deployment.phase, deployment.next_at = (
            "keeping blue",
            seen.now + clock.real_s(rules.termination_s),
        )
    if deployment.phase == "keeping blue" and seen.now >= (deployment.next_at or 0):
        deployment.phase = "ending blue"
        effects.append(Effect("scale", deployment.blue, 0))
    if deployment.phase == "ending blue" and seen.blue_gone:
        deployment.phase, deployment.status, deployment.ended = "ended", "Succeeded", seen.now
        effects.append(Effect("announce", "SUCCESS"))
    if deployment.phase == "ending green" and seen.green_gone:
        deployment.phase = "ended"
    return effects


def _enter(deployment: Deployment, event: Event, seen: Observed) -> list[Effect]:
    if event.status != "Pending":
        return []
    event.status, event.started = "InProgress", seen.now
    match event.name:
        case "Install":
            return [Effect("scale", deployment.green, 1)]
        case "AllowTestTraffic":
            return [Effect("try", deployment.green_targets)]
    if event.hook:
        event.hook_id = f"{deployment.id}-{event.name}"
        return [Effect("invoke", event.name)]
    return []


def _carry_on(
    deployment: Deployment, event: Event, seen: Observed, rules: Rules, clock: Clock
) -> tuple[list[Effect], bool]:
    """Effects, and whether the event is over."""
    if event.name == "Install":
        return [], seen.green_steady
    if event.name == "AllowTestTraffic":
        return [], _was_before(seen, event.started)
    if event.name == "AllowTraffic":
        return _shift(deployment, seen, rules, clock)
    return [], not event.hook or event.answer == "Succeeded"


def _was_before(seen: Observed, moment: float | None) -> bool:
    """Whether what was to be done at a moment is done: a hook that comes next must meet the new traffic."""
    return moment is not None and seen.now > moment


def _shift(deployment: Deployment, seen: Observed, rules: Rules, clock: Clock) -> tuple[list[Effect], bool]:
    steps = rules.shift.steps()
    effects: list[Effect] = []
    while deployment.next_at is None or _was_before(seen, deployment.next_at):
        if deployment.step + 1 >= len(steps):
            deployment.next_at = None
            return [*effects, Effect("promote", deployment.green)], True
        deployment.step += 1
        share, minutes = steps[deployment.step]
        _weigh(deployment, share, seen)
        effects.append(Effect("weigh", deployment.green_targets, share))
        deployment.next_at = seen.now + clock.real_s(minutes * 60)
    return effects, False


def _weigh(deployment: Deployment, share: int, seen: Observed) -> None:
    deployment.green_weight = share
    deployment.weights.append((seen.now, share))


def _trouble(deployment: Deployment, seen: Observed, clock: Clock) -> tuple[str, str, str, str] | None:
    """Status, the kind of rollback, error code and message, in CodeDeploy's words where they are known."""
    if deployment.stop_asked:
        return "Stopped", "DEPLOYMENT_STOP_ON_REQUEST", "MANUAL_STOP", "The deployment was stopped by a user."
    if seen.alarms:
        named = " ".join(f"<{name}>" for name in seen.alarms)
        return (
            "Stopped",
            "DEPLOYMENT_STOP_ON_ALARM",
            "ALARM_ACTIVE",
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, "
            f"and the affected deployments have been stopped. Activated alarms: {named}",
        )
    event = deployment.current
    if not event or event.started is None:
        return None
    waited_s = seen.now - event.started
    if (
        event.name == "Install"
        and not seen.green_steady
        and waited_s > max(clock.real_s(HEALTHY_WITHIN_S), LEAST_WAIT_S)
    ):
        return _failed(
            "TIMEOUT",
            "The deployment timed out while waiting for the replacement task set to become healthy. "
            "This time out period is 60 minutes.",
        )
    if not event.hook_id or event.answer == "Succeeded":
        return None
    if event.answer != "Failed" and event.hook_id in seen.broken_hooks:
        return _failed("INVALID_LAMBDA_FUNCTION", seen.broken_hooks[event.hook_id])
    if event.answer == "Failed":
        return _failed(
            "HOOK_EXECUTION_FAILURE",
            f"The lifecycle event {event.name} failed: the Lambda function {event.hook} reported Failed.",
        )
    if waited_s > max(clock.real_s(HOOK_WITHIN_S), LEAST_WAIT_S):
        return _failed(
            "TIMEOUT",
            f"The Lambda function {event.hook} did not report a result for {event.name} within 60 minutes.",
        )
    return None


def _failed(code: str, message: str) -> tuple[str, str, str, str]:
    return "Failed", "DEPLOYMENT_FAILURE", code, message


def _give_up(
    deployment: Deployment, seen: Observed, rules: Rules, status: str, kind: str, code: str, message: str
) -> list[Effect]:
    """Production back to blue at once; green goes, and a rollback deployment stands for it.

    Where the group's rollback events lack this one, CodeDeploy would leave traffic and both task sets as they
    are; here blue gets them back all the same, without a rollback deployment."""
    had_green = deployment.event("Install").status != "Pending"
    for event in deployment.events:
        if event.status == "InProgress":
            event.status, event.ended, event.message = "Failed", seen.now, message
        elif event.status == "Pending":
            event.status = "Skipped"
    deployment.status, deployment.ended = status, seen.now
    deployment.error_code, deployment.error_message = code, message
    deployment.phase = "ending green" if had_green else "ended"
    effects = [
        Effect("weigh", deployment.blue_targets, 100),
        Effect("try", deployment.blue_targets),
        Effect("promote", deployment.blue),
        Effect("scale", deployment.green, 0),
    ]
    if deployment.green_weight:
        _weigh(deployment, 0, seen)
    effects.append(Effect("announce", "STOP" if status == "Stopped" else "FAILURE"))
    if had_green and kind in rules.rolls_back_on:
        effects.append(Effect("roll back"))
    return effects


def rollback_of(deployment: Deployment, new_id: str, now: float) -> Deployment:
    """What CodeDeploy puts beside a failed deployment: it drains green and leaves production to blue.

    Its revision is the last good one."""
    good = deployment.blue_task_definition or deployment.task_definition
    deployment.rollback = new_id
    deployment.rollback_message = (
        f"Deployment {deployment.id} terminated. "
        f"Automatic rollback is triggered with a DeploymentId {new_id}."
    )
    return Deployment(
        id=new_id,
        application=deployment.application,
        group=deployment.group,
        creator=ROLLBACK_CREATOR,
        config=ROLLBACK_CONFIG,
        created=now,
        started=now,
        app_spec=deployment.app_spec.replace(deployment.task_definition, good),
        task_definition=good,
        blue_task_definition=deployment.task_definition,
        description=f"Rolls back {deployment.id}",
        blue=deployment.green,
        green=deployment.blue,
        blue_targets=deployment.green_targets,
        green_targets=deployment.blue_targets,
        execution=deployment.execution,
        scale=deployment.scale,
        status="InProgress",
        phase="ending blue",
        green_weight=100,
        weights=[(now, 100)],
        events=[Event(name=name, status="Skipped") for name in EVENTS],
        rolls_back=deployment.id,
        rollback_message=f"Deployment {new_id} is triggered to roll back deployment {deployment.id}.",
    )


def as_document(deployment: Deployment) -> dict[str, Any]:
    """For the journal."""
    names: Iterable[str] = Deployment.__slots__
    document = {name: getattr(deployment, name) for name in names}
    document["events"] = [
        {name: getattr(event, name) for name in Event.__slots__} for event in deployment.events
    ]
    return document


def from_document(document: dict[str, Any]) -> Deployment:
    """Back from the journal."""
    events = [Event(**event) for event in document["events"]]
    weights = [(at, share) for at, share in document["weights"]]
    return Deployment(**{**document, "events": events, "weights": weights})
