"""The state machine of an ECS blue/green deployment: from its state and an observation to effects. Pure.

The lifecycle events: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html. How a
stopped deployment looks (which event fails, which are skipped, its rollback deployment) follows real ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from local.pipeline.clock import Clock
from local.pipeline.codedeploy.traffic_shifting import TrafficShift

EVENTS = (
    *("BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic"),
    *("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
)
HOOKS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
INSTALL_TIMEOUT_S = 60 * 60  # simulated, CodeDeploy's own, as the next one
HOOK_TIMEOUT_S = 60 * 60
END_OF_BLUE = "TerminateBlue"  # the step after the last lifecycle event
LEAST_TIMEOUT_S = 30  # real: programs do not start faster because simulated time passes faster
FINAL_STATUSES = ("Succeeded", "Failed", "Stopped")
ROLLBACK_CREATOR = "codeDeployRollback"
ROLLBACK_CONFIG = "CodeDeployDefault.ECSAllAtOnce"


class Phase(StrEnum):
    """How far a deployment is. CodeDeploy's status says less: it is InProgress through the first three."""

    DEPLOYING = "deploying"
    KEEPING_BLUE = "keeping blue"  # all traffic is on green; a rollback is still possible
    ENDING_BLUE = "ending blue"
    ENDING_GREEN = "ending green"  # the deployment has failed or was stopped
    ENDED = "ended"

    @property
    def can_fail(self) -> bool:
        """Whether an alarm, a failure or a stop request still rolls the deployment back."""
        return self in (Phase.DEPLOYING, Phase.KEEPING_BLUE)


class EffectKind(StrEnum):
    """What has to be done, with the meaning of an effect's subject."""

    START_TASKS = "start tasks"  # of the task set
    STOP_TASKS = "stop tasks"  # of the task set
    PROMOTE = "promote"  # the task set becomes the service's primary one
    SHIFT_PRODUCTION = "shift production"  # to the target group, so many percent
    SHIFT_TEST = "shift test"  # the test listener, to the target group
    ANNOUNCE = "announce"  # the state, as an EventBridge event
    ROLL_BACK = "roll back"  # create the rollback deployment


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to do."""

    kind: EffectKind
    subject: str = ""
    percent: int = 0


@dataclass(slots=True, kw_only=True)
class Event:
    """A lifecycle event. Times are epoch seconds."""

    name: str
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    hook: str = ""  # the Lambda function that the AppSpec names for it
    hook_id: str = ""  # of the hook's execution, once it has begun
    answer: str = ""  # the status that the function has reported
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """A deployment as the journal keeps it. Times are epoch seconds."""

    id: str
    application: str
    group: str
    creator: str
    config: str  # the deployment configuration's name
    created: float
    app_spec: str
    task_definition: str  # ARN
    blue: str  # task set
    green: str
    blue_targets: str  # target group
    green_targets: str
    blue_task_definition: str = ""  # the last good one
    description: str = ""
    execution: str = ""  # the pipeline execution that created it
    scale: float = 1.0  # time scale
    alarms: list[str] | None = None  # that stop this deployment in the place of its group's
    status: str = "Created"
    phase: Phase = Phase.DEPLOYING
    started: float | None = None
    ended: float | None = None
    error_code: str = ""
    error_message: str = ""
    events: list[Event] = field(default_factory=list)
    step: int = -1  # of the traffic shift
    next_at: float | None = None  # when the next step of the shift comes, or the end of blue
    green_weight: int = 0  # green's share of production, in percent
    weights: list[tuple[float, int]] = field(default_factory=list)  # time, green's share from then on
    stop_asked: bool = False
    rollback: str = ""  # id of the deployment that rolls this one back
    rolls_back: str = ""  # id of the deployment that this one rolls back
    rollback_message: str = ""

    def event(self, name: str) -> Event:
        """Return the lifecycle event of this name."""
        return next(event for event in self.events if event.name == name)

    @property
    def current(self) -> Event | None:
        """The first lifecycle event that is not over."""
        return next((event for event in self.events if event.status in ("Pending", "InProgress")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a deployment depends on, at one moment (epoch seconds)."""

    now: float
    green_steady: bool = False  # the desired number of tasks runs and passes every health check
    green_gone: bool = False
    blue_gone: bool = False
    alarms: tuple[str, ...] = ()  # those of the deployment group that are in ALARM
    hook_failures: Mapping[str, str] = field(default_factory=dict)  # hook id → why it could not be invoked
    denied: Mapping[str, str] = field(default_factory=dict)  # step → why the group's role may not do it


@dataclass(frozen=True, slots=True)
class Rules:
    """What deployment configuration and deployment group say."""

    shift: TrafficShift
    termination_s: float  # simulated; how long blue is kept
    rolls_back_on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a deployment ends without success."""

    status: str  # Failed or Stopped
    rollback_event: str  # on which deployment groups may roll back
    code: str
    message: str


def lifecycle_events(hooks: Mapping[str, str]) -> list[Event]:
    """Return the events of a new deployment; `hooks` maps events to Lambda functions."""
    return [Event(name=name, hook=hooks.get(name, "")) for name in EVENTS]


def advance(deployment: Deployment, observation: Observation, rules: Rules, clock: Clock) -> list[Effect]:
    """Change `deployment` as far as the observation allows; return what has to be done for it."""
    effects: list[Effect] = []
    now = observation.now
    if deployment.status == "Created":
        deployment.status, deployment.started = "InProgress", now
        effects.append(Effect(EffectKind.ANNOUNCE, "START"))
    if deployment.phase.can_fail and (failure := _failure(deployment, observation, clock)):
        return effects + _give_up(deployment, failure, rules, now)
    while deployment.phase == Phase.DEPLOYING and (event := deployment.current):
        if event.status == "Pending" and (reason := observation.denied.get(event.name)):
            event.status, event.started = "InProgress", now
            return effects + _give_up(deployment, _denied(deployment, reason), rules, now)
        effects += _begin_event(deployment, event, now)
        event_effects, is_over = _continue_event(deployment, event, observation, rules, clock)
        effects += event_effects
        if not is_over:
            return effects
        event.status, event.ended = "Succeeded", now
    if deployment.phase == Phase.DEPLOYING:
        deployment.phase = Phase.KEEPING_BLUE
        deployment.next_at = now + clock.real_s(rules.termination_s)
    if deployment.phase == Phase.KEEPING_BLUE and now >= (deployment.next_at or 0):
        if reason := observation.denied.get(END_OF_BLUE):
            return effects + _give_up(deployment, _denied(deployment, reason), rules, now)
        deployment.phase = Phase.ENDING_BLUE
        effects.append(Effect(EffectKind.STOP_TASKS, deployment.blue))
    if deployment.phase == Phase.ENDING_BLUE and observation.blue_gone:
        deployment.phase, deployment.status, deployment.ended = Phase.ENDED, "Succeeded", now
        effects.append(Effect(EffectKind.ANNOUNCE, "SUCCESS"))
    if deployment.phase == Phase.ENDING_GREEN and observation.green_gone:
        deployment.phase = Phase.ENDED
    return effects


def _begin_event(deployment: Deployment, event: Event, now: float) -> list[Effect]:
    if event.status != "Pending":
        return []
    event.status, event.started = "InProgress", now
    if event.name == "Install":
        return [Effect(EffectKind.START_TASKS, deployment.green)]
    if event.name == "AllowTestTraffic":
        return [Effect(EffectKind.SHIFT_TEST, deployment.green_targets)]
    if event.hook:
        event.hook_id = f"{deployment.id}-{event.name}"
    return []


def _continue_event(
    deployment: Deployment, event: Event, observation: Observation, rules: Rules, clock: Clock
) -> tuple[list[Effect], bool]:
    """The effects, and whether the event is over."""
    if event.name == "Install":
        return [], observation.green_steady
    if event.name == "AllowTestTraffic":
        return [], _is_past(event.started, observation.now)
    if event.name == "AllowTraffic":
        return _shift_traffic(deployment, observation.now, rules, clock)
    return [], not event.hook or event.answer == "Succeeded"


def _is_past(moment: float | None, now: float) -> bool:
    """Whether the effects of an earlier look have been applied: the next hook must meet the new traffic."""
    return moment is not None and now > moment


def _shift_traffic(
    deployment: Deployment, now: float, rules: Rules, clock: Clock
) -> tuple[list[Effect], bool]:
    steps = rules.shift.steps()
    effects: list[Effect] = []
    while deployment.next_at is None or _is_past(deployment.next_at, now):
        if deployment.step + 1 >= len(steps):
            deployment.next_at = None
            return [*effects, Effect(EffectKind.PROMOTE, deployment.green)], True
        deployment.step += 1
        percent, minutes = steps[deployment.step]
        _note_weight(deployment, percent, now)
        effects.append(Effect(EffectKind.SHIFT_PRODUCTION, deployment.green_targets, percent))
        deployment.next_at = now + clock.real_s(minutes * 60)
    return effects, False


def _note_weight(deployment: Deployment, percent: int, now: float) -> None:
    deployment.green_weight = percent
    deployment.weights.append((now, percent))


def _failure(deployment: Deployment, observation: Observation, clock: Clock) -> Failure | None:
    """Why the deployment must end now, if it must; in CodeDeploy's words where they are known."""
    if deployment.stop_asked:
        return Failure(
            status="Stopped",
            rollback_event="DEPLOYMENT_STOP_ON_REQUEST",
            code="MANUAL_STOP",
            message="The deployment was stopped by a user.",
        )
    if observation.alarms:
        names = " ".join(f"<{name}>" for name in observation.alarms)
        return Failure(
            status="Stopped",
            rollback_event="DEPLOYMENT_STOP_ON_ALARM",
            code="ALARM_ACTIVE",
            message="One or more alarms have been activated according to the Amazon CloudWatch metrics you "
            f"selected, and the affected deployments have been stopped. Activated alarms: {names}",
        )
    event = deployment.current
    if not event or event.started is None:
        return None
    waited_s = observation.now - event.started
    if event.name == "Install":
        if observation.green_steady or waited_s <= max(clock.real_s(INSTALL_TIMEOUT_S), LEAST_TIMEOUT_S):
            return None
        return _deployment_failure(
            "TIMEOUT",
            "The deployment timed out while waiting for the replacement task set to become healthy. "
            "This time out period is 60 minutes.",
        )
    return _hook_failure(event, waited_s, observation, clock)


def _hook_failure(event: Event, waited_s: float, observation: Observation, clock: Clock) -> Failure | None:
    if not event.hook_id or event.answer == "Succeeded":
        return None
    if event.answer == "Failed":
        return _deployment_failure(
            "HOOK_EXECUTION_FAILURE",
            f"The lifecycle event {event.name} failed: the Lambda function {event.hook} reported Failed.",
        )
    if event.hook_id in observation.hook_failures:
        return _deployment_failure("INVALID_LAMBDA_FUNCTION", observation.hook_failures[event.hook_id])
    if waited_s > max(clock.real_s(HOOK_TIMEOUT_S), LEAST_TIMEOUT_S):
        return _deployment_failure(
            "TIMEOUT",
            f"The Lambda function {event.hook} did not report a result for {event.name} within 60 minutes.",
        )
    return None


def _deployment_failure(code: str, message: str) -> Failure:
    return Failure(status="Failed", rollback_event="DEPLOYMENT_FAILURE", code=code, message=message)


def _denied(deployment: Deployment, reason: str) -> Failure:
    """What CodeDeploy says when its role lacks a permission."""
    return _deployment_failure(
        "IAM_ROLE_PERMISSIONS",
        f"The role of deployment group {deployment.group} does not give CodeDeploy permission: {reason}",
    )


def _give_up(deployment: Deployment, failure: Failure, rules: Rules, now: float) -> list[Effect]:
    """Give blue all traffic at once, stop green, and create a rollback deployment.

    When the deployment group's rollback events lack this one, CodeDeploy would leave the traffic and both
    task sets as they are. Here blue gets the traffic back all the same, without a rollback deployment.
    """
    had_green = deployment.event("Install").status != "Pending"
    for event in deployment.events:
        if event.status == "InProgress":
            event.status, event.ended, event.message = "Failed", now, failure.message
        elif event.status == "Pending":
            event.status = "Skipped"
    deployment.status, deployment.ended = failure.status, now
    deployment.error_code, deployment.error_message = failure.code, failure.message
    deployment.phase = Phase.ENDING_GREEN if had_green else Phase.ENDED
    effects = [
        Effect(EffectKind.SHIFT_PRODUCTION, deployment.blue_targets, 100),
        Effect(EffectKind.SHIFT_TEST, deployment.blue_targets),
        Effect(EffectKind.PROMOTE, deployment.blue),
        Effect(EffectKind.STOP_TASKS, deployment.green),
    ]
    if deployment.green_weight:
        _note_weight(deployment, 0, now)
    effects.append(Effect(EffectKind.ANNOUNCE, "STOP" if failure.status == "Stopped" else "FAILURE"))
    if had_green and failure.rollback_event in rules.rolls_back_on:
        effects.append(Effect(EffectKind.ROLL_BACK))
    return effects


def rollback_deployment(deployment: Deployment, new_id: str, now: float) -> Deployment:
    """Return the deployment that CodeDeploy creates to roll back a failed one, and note it in the failed one.

    Its revision is the last good one. Its green is the failed one's blue, which has all traffic already, so
    it only waits for the failed one's green to stop.
    """
    last_good = deployment.blue_task_definition or deployment.task_definition
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
        app_spec=deployment.app_spec.replace(deployment.task_definition, last_good),
        task_definition=last_good,
        blue_task_definition=deployment.task_definition,
        description=f"Rolls back {deployment.id}",
        blue=deployment.green,
        green=deployment.blue,
        blue_targets=deployment.green_targets,
        green_targets=deployment.blue_targets,
        execution=deployment.execution,
        scale=deployment.scale,
        status="InProgress",
        phase=Phase.ENDING_BLUE,
        green_weight=100,
        weights=[(now, 100)],
        events=[Event(name=name, status="Skipped") for name in EVENTS],
        rolls_back=deployment.id,
        rollback_message=f"Deployment {new_id} is triggered to roll back deployment {deployment.id}.",
    )
