"""CodeDeploy's deployments: creates them, moves them on, and carries out what the state machine asks for."""

import threading
import uuid
from typing import Any

import botocore.exceptions

from local.pipeline import eventbridge
from local.pipeline.architecture import Architecture, DeploymentGroup
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarm_states import AlarmStates
from local.pipeline.codedeploy import deployment_machine as machine
from local.pipeline.codedeploy import role_needs
from local.pipeline.codedeploy.deployment_machine import (
    FINAL_STATUSES,
    Deployment,
    Effect,
    EffectKind,
    Phase,
)
from local.pipeline.codedeploy.errors import (
    ApplicationDoesNotExistException,
    DeploymentAlreadyCompletedException,
    DeploymentDoesNotExistException,
    DeploymentGroupDoesNotExistException,
    DeploymentLimitExceededException,
    InvalidLifecycleEventHookExecutionIdException,
    LifecycleEventAlreadyCompletedException,
)
from local.pipeline.codedeploy.lifecycle_hooks import LifecycleHooks
from local.pipeline.codedeploy.revision import check_revision
from local.pipeline.codedeploy.service_traffic import TrafficDirector
from local.pipeline.codedeploy.traffic_shifting import traffic_shift
from local.pipeline.ecs.service_scheduler import ServiceScheduler, TaskSet
from local.pipeline.iam.sessions import AccessDenied, Sessions
from local.pipeline.identifiers import arn, deployment_id, task_set_id
from local.pipeline.journal import Journal, Records


def deployment_records(journal: Journal) -> Records[Deployment]:
    """Return the deployments in a journal."""
    return Records(journal, "deployment", Deployment, lambda deployment: deployment.phase == Phase.ENDED)


class Deployments:
    """`look` and `resume` are called by one thread; the API's threads call the rest.

    Raises UnknownDeploymentConfig at once when a deployment group's traffic shift is not known here.
    """

    def __init__(
        self,
        *,
        architecture: Architecture,
        journal: Journal,
        scheduler: ServiceScheduler,
        hooks: LifecycleHooks,
        alarms: AlarmStates,
        traffic: TrafficDirector,
        clock: Clock,
        sessions: Sessions,
    ) -> None:
        self.architecture, self._journal, self._scheduler = architecture, journal, scheduler
        self._hooks, self._alarms, self._traffic, self._clock = hooks, alarms, traffic, clock
        self._sessions = sessions
        self._denials: dict[str, dict[str, str]] = {}  # by deployment: step → why its role may not do it
        self._records = deployment_records(journal)
        self._lock = threading.RLock()
        for group in architecture.groups.values():
            traffic_shift(group.config)

    # --- for the API

    def create(
        self,
        group: DeploymentGroup,
        *,
        app_spec: str,
        task_definition: str,
        definition: dict[str, Any],
        description: str = "",
        execution: str = "",
        config: str = "",
        alarms: list[str] | None = None,
    ) -> Deployment:
        """Create a deployment of an AppSpec and a task definition, which is given by its ARN and its content.

        `execution` is the pipeline execution that asks for it; `config` replaces the group's own deployment
        configuration, `alarms` its alarms. Raises DeploymentLimitExceededException and CodedError.
        """
        hooks = check_revision(app_spec, definition).hooks
        with self._lock, self._journal.transaction():
            if active := self.active(group.name):
                raise DeploymentLimitExceededException(
                    f"The Deployment Group '{group.name}' already has an active Deployment '{active.id}'"
                )
            primary = self._traffic.get(group.name).primary
            blue = self._scheduler.task_set(primary)
            blue_targets = blue.target_group if blue else group.blue.name
            green_targets = group.green.name if blue_targets == group.blue.name else group.blue.name
            deployment = Deployment(
                id=deployment_id(),
                application=group.application,
                group=group.name,
                creator="user",
                description="; ".join(filter(None, (description, self._clock.scale_note()))),
                execution=execution,
                config=config or group.config,
                alarms=alarms,
                created=self._clock.now(),
                app_spec=app_spec,
                task_definition=task_definition,
                blue=primary,
                green=task_set_id(),
                blue_targets=blue_targets,
                blue_task_definition=blue.task_definition if blue else "",
                green_targets=green_targets,
                scale=self._clock.scale,
                events=machine.lifecycle_events(hooks),
            )
            self._scheduler.put(
                TaskSet(
                    id=deployment.green,
                    service=group.name,
                    target_group=green_targets,
                    task_definition=task_definition,
                    definition=definition,
                    desired=0,
                    version=_version(definition),
                    status="WAITING",
                )
            )
            self._put(deployment)
        return deployment

    def require_application(self, name: str) -> None:
        """Raise ApplicationDoesNotExistException unless the application has this name."""
        if name != self.architecture.application:
            raise ApplicationDoesNotExistException(f"No application found for name: {name}")

    def group(self, application: str, name: str) -> DeploymentGroup:
        """Return a deployment group. Raises the API's errors."""
        self.require_application(application)
        if name not in self.architecture.groups:
            raise DeploymentGroupDoesNotExistException(f"No Deployment Group found for name: {name}")
        return self.architecture.groups[name]

    def all(self) -> list[Deployment]:
        """Return every deployment, oldest first."""
        return self._records.all()

    def unfinished(self) -> list[Deployment]:
        """Return the deployments that still change, rollbacks among them, oldest first."""
        return self._records.unfinished()

    def of_execution(self, execution_id: str) -> list[Deployment]:
        """Return the deployments of a pipeline execution with their rollbacks, oldest first."""
        return self._records.where("execution", execution_id)

    def get(self, key: str) -> Deployment:
        """Return a deployment by its id. Raises DeploymentDoesNotExistException."""
        if deployment := self._records.get(key):
            return deployment
        raise DeploymentDoesNotExistException(f"The deployment {key} could not be found")

    def active(self, group: str) -> Deployment | None:
        """Return the deployment of a group that still changes, or None; a rollback counts too."""
        return next(
            (
                deployment
                for deployment in self.unfinished()
                if deployment.group == group and deployment.phase != Phase.ENDED
            ),
            None,
        )

    def stop(self, key: str) -> str:
        """Ask for a stop, and return the status that StopDeployment answers. Raises the API's errors."""
        with self._lock, self._journal.transaction():
            deployment = self.get(key)
            if deployment.status in FINAL_STATUSES:
                raise DeploymentAlreadyCompletedException(
                    f"The deployment {key} is already {deployment.status}"
                )
            if not deployment.phase.can_fail:
                return "Succeeded"
            deployment.stop_asked = True
            self._put(deployment)
            return "Pending"

    def report_hook(self, key: str, hook_id: str, status: str) -> None:
        """Note the status that a hook's function reports. Raises the API's errors."""
        with self._lock, self._journal.transaction():
            deployment = self.get(key)
            event = next((event for event in deployment.events if hook_id and event.hook_id == hook_id), None)
            if not event:
                raise InvalidLifecycleEventHookExecutionIdException(
                    f"{hook_id!r} is no lifecycle event hook execution of deployment {key}"
                )
            if event.status != "InProgress" or event.answer:
                raise LifecycleEventAlreadyCompletedException(f"{event.name} of {key} is over")
            event.answer = status
            self._put(deployment)

    # --- for the thread that moves everything on

    def resume(self) -> None:
        """After a restart, begin the current step of each traffic shift anew: nobody watched it meanwhile."""
        with self._lock, self._journal.transaction():
            for deployment in self.unfinished():
                event = deployment.current
                is_deploying = deployment.phase == Phase.DEPLOYING
                if is_deploying and event and event.name == "AllowTraffic" and deployment.next_at:
                    _, minutes = traffic_shift(deployment.config).steps()[deployment.step]
                    deployment.next_at = self._clock.now() + self._clock.real_s(minutes * 60)
                    self._put(deployment)

    def look(self) -> None:
        """Move every deployment on as far as alarms, tasks, hooks and time allow."""
        self._alarms.look()
        deployments = [self._advance(deployment.id) for deployment in self.unfinished()]
        self._traffic.look()  # before a hook tests where it goes
        for deployment in deployments:
            for event in deployment.events:
                if event.hook_id and event.status == "InProgress" and not event.answer:
                    self._hooks.invoke(event.hook_id, event.hook, deployment.id)

    def _advance(self, key: str) -> Deployment:
        with self._lock, self._journal.transaction():
            deployment = self.get(key)
            group = self.architecture.groups[deployment.group]
            rules = machine.Rules(
                traffic_shift(deployment.config), group.termination_minutes * 60, group.rolls_back_on
            )
            observation = self._observe(deployment, group)
            for effect in machine.advance(deployment, observation, rules, self._clock):
                self._apply(effect, deployment, group, observation.now)
            self._put(deployment)
        return deployment

    def _observe(self, deployment: Deployment, group: DeploymentGroup) -> machine.Observation:
        ringing = self._alarms.ringing()
        watched = group.alarms if deployment.alarms is None else deployment.alarms
        return machine.Observation(
            now=self._clock.now(),
            green_steady=self._scheduler.is_steady(deployment.green),
            green_gone=self._scheduler.is_gone(deployment.green),
            blue_gone=self._scheduler.is_gone(deployment.blue),
            alarms=tuple(name for name in watched if name in ringing),
            hook_failures=self._hooks.failures(),
            denied=self._denied(deployment, group),
        )

    def _denied(self, deployment: Deployment, group: DeploymentGroup) -> dict[str, str]:
        """Why the group's role may not do a step, by the step; asked once, as the deployment begins."""
        if deployment.rolls_back or not deployment.phase.can_fail:
            return {}
        if deployment.id not in self._denials:
            green = self._scheduler.task_set(deployment.green)
            definition = green.definition if green else {}
            hooks = {event.name: event.hook for event in deployment.events if event.hook}
            denied = self._untrusted(deployment, group)
            for step, access in role_needs.needs(group, definition, hooks, deployment.green):
                try:
                    if step not in denied:
                        self._sessions.require(group.role, deployment.id, [access])
                except AccessDenied as error:
                    denied[step] = str(error)
            self._denials[deployment.id] = denied
        return self._denials[deployment.id]

    def _untrusted(self, deployment: Deployment, group: DeploymentGroup) -> dict[str, str]:
        """Why CodeDeploy may not assume the group's role, as what keeps it from the first step."""
        source = arn("codedeploy", f"deploymentgroup:{group.application}/{group.name}")
        try:
            self._sessions.acting("codedeploy", group.role, deployment.id, source)
        except botocore.exceptions.ClientError as error:
            return {"Install": str(error)}
        return {}

    def _apply(self, effect: Effect, deployment: Deployment, group: DeploymentGroup, now: float) -> None:
        traffic = self._traffic.get(group.name)
        match effect.kind:
            case EffectKind.START_TASKS:
                self._scale(effect.subject, group.desired)
            case EffectKind.STOP_TASKS:
                self._scale(effect.subject, 0)
            case EffectKind.SHIFT_PRODUCTION:
                targets = {deployment.blue_targets, deployment.green_targets} - {effect.subject}
                traffic.production = {effect.subject: effect.percent, targets.pop(): 100 - effect.percent}
                self._traffic.put(traffic)
            case EffectKind.SHIFT_TEST:
                traffic.test = effect.subject
                self._traffic.put(traffic)
            case EffectKind.PROMOTE:
                self._promote(group.name, effect.subject)
                traffic.primary = effect.subject
                self._traffic.put(traffic)
            case EffectKind.ROLL_BACK:
                rollback = machine.rollback_deployment(deployment, deployment_id(), now)
                self._put(rollback)
                self._announce(rollback, "START", now)
            case EffectKind.ANNOUNCE:
                self._announce(deployment, effect.subject, now)

    def _scale(self, key: str, desired: int) -> None:
        if task_set := self._scheduler.task_set(key):
            task_set.desired = desired
            if not desired:
                task_set.status = "DRAINING"
            elif task_set.status != "PRIMARY":
                task_set.status = "ACTIVE"
            self._scheduler.put(task_set)

    def _promote(self, service: str, key: str) -> None:
        """Make a task set the service's primary one."""
        for task_set in self._scheduler.task_sets():
            if task_set.service == service:
                if task_set.id == key:
                    task_set.status = "PRIMARY"
                elif task_set.status == "PRIMARY":
                    task_set.status = "ACTIVE"
                self._scheduler.put(task_set)

    def _put(self, deployment: Deployment) -> None:
        self._records.put(deployment.id, deployment)

    def _announce(self, deployment: Deployment, state: str, now: float) -> None:
        resource = arn("codedeploy", f"deploymentgroup:{deployment.application}/{deployment.group}")
        detail = {
            "application": deployment.application,
            "deploymentGroup": deployment.group,
            "instanceGroupId": str(uuid.uuid5(uuid.NAMESPACE_URL, resource)),
            "deploymentId": deployment.id,
            "state": state,
            "region": resource.split(":")[3],
        }
        kind, scale = eventbridge.DEPLOYMENT, deployment.scale
        self._journal.announce(eventbridge.envelope("aws.codedeploy", kind, resource, detail, now, scale))


def _version(definition: dict[str, Any]) -> str:
    environment = definition["containerDefinitions"][0].get("environment", [])
    return next((variable["value"] for variable in environment if variable["name"] == "SERVICE_VERSION"), "")
