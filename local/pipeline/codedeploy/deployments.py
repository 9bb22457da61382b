"""CodeDeploy's part: begins deployments, moves them on, and does what they ask for."""

import logging
import threading
import uuid
from dataclasses import dataclass
from typing import Any

from local.pipeline import eventbridge as events
from local.pipeline.architecture import Architecture, DeploymentGroup, shift
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarms import State, judge
from local.pipeline.cloudwatch.metrics import Metrics
from local.pipeline.codedeploy import deployment_machine as machine
from local.pipeline.codedeploy.deploy_action import check
from local.pipeline.codedeploy.deployment_machine import ENDED, Deployment, Effect, Observed, Rules
from local.pipeline.codedeploy.errors import (
    ApplicationDoesNotExistException,
    DeploymentAlreadyCompletedException,
    DeploymentDoesNotExistException,
    DeploymentGroupDoesNotExistException,
    DeploymentLimitExceededException,
    InvalidLifecycleEventHookExecutionIdException,
    LifecycleEventAlreadyCompletedException,
)
from local.pipeline.codedeploy.lifecycle_hooks import Hooks
from local.pipeline.ecs.service_scheduler import Fleet, TaskSet
from local.pipeline.ecs.task_containers import Place
from local.pipeline.identifiers import arn, deployment_id, task_set_id
from local.pipeline.journal import Journal
from local.pipeline.load_balancing.load_balancer import LoadBalancer

log = logging.getLogger(__name__)

DEPLOYMENT, SERVICE, ALARM = "deployment", "service", "alarm"


@dataclass(slots=True)
class Service:
    """Where a service's traffic goes: production's shares by target group, and the test listener."""

    name: str
    primary: str  # task set
    production: dict[str, int]
    test: str


class Deployments:
    """`look` is called by one thread; the API's threads call the rest."""

    def __init__(
        self,
        architecture: Architecture,
        journal: Journal,
        fleet: Fleet,
        hooks: Hooks,
        metrics: Metrics,
        balancer: LoadBalancer,
        place: Place,
        clock: Clock,
    ) -> None:
        self.architecture, self._journal, self._fleet = architecture, journal, fleet
        self._hooks, self._metrics, self._balancer = hooks, metrics, balancer
        self._place, self._clock = place, clock
        self._lock = threading.RLock()
        self._alarms = {one["name"]: State(one["value"], one["reason"]) for one in journal.all(ALARM)}
        self._judge_alarms()  # one that can't be judged here is told at once, not in a deployment

    # --- what the API asks

    def create(
        self, group: DeploymentGroup, app_spec: str, definition: dict[str, Any], arn_: str, **about: str
    ) -> Deployment:
        """Begin a deployment. Raises DeploymentLimitExceededException, deploy_action.ActionFailed."""
        spec = check(definition, app_spec, self._place)
        with self._lock, self._journal.together():
            if active := self.active(group.name):
                raise DeploymentLimitExceededException(
                    f"The Deployment Group '{group.name}' already has an active Deployment '{active.id}'"
                )
            service, now = self.service(group.name), self._clock.now()
            blue = self._fleet.task_set(service.primary)
            blue_targets = blue.target_group if blue else group.blue.name
            green_targets = group.green.name if blue_targets == group.blue.name else group.blue.name
            one = Deployment(
                id=deployment_id(),
                application=group.application,
                group=group.name,
                creator=about.get("creator", "user"),
                description="; ".join(
                    part for part in (about.get("description", ""), self._clock.pace()) if part
                ),
                execution=about.get("execution", ""),
                config=about.get("config") or group.shift.name,
                created=now,
                app_spec=app_spec,
                task_definition=arn_,
                blue=service.primary,
                green=task_set_id(),
                blue_targets=blue_targets,
                blue_task_definition=blue.task_definition if blue else "",
                green_targets=green_targets,
                scale=self._clock.scale,
            )
            machine.begin(one, spec.hooks)
            self._fleet.keep(
                TaskSet(
                    id=one.green,
                    service=group.name,
                    target_group=green_targets,
                    task_definition=arn_,
                    definition=definition,
                    desired=0,
                    created=now,
                    external_id=one.id,
                    version=_version(definition),
                    status="WAITING",
                )
            )
            self._keep(one)
        return one

    def group(self, application: str, name: str) -> DeploymentGroup:
        """A deployment group. Raises the API's errors."""
        if application != self.architecture.application:
            raise ApplicationDoesNotExistException(f"No application found for name: {application}")
        if name not in self.architecture.groups:
            raise DeploymentGroupDoesNotExistException(f"No Deployment Group found for name: {name}")
        return self.architecture.groups[name]

    def all(self) -> list[Deployment]:
        """Every deployment, oldest first."""
        return [machine.from_document(one) for one in self._journal.all(DEPLOYMENT)]

    def under_way(self) -> list[Deployment]:
        """Those that still move, a rollback that drains included, oldest first."""
        return [machine.from_document(one) for one in self._journal.under_way(DEPLOYMENT)]

    def of_execution(self, key: str) -> list[Deployment]:
        """Those that a pipeline execution asked for, and their rollbacks, oldest first."""
        return [machine.from_document(one) for one in self._journal.where(DEPLOYMENT, "execution", key)]

    def one(self, key: str) -> Deployment:
        """By id. Raises DeploymentDoesNotExistException."""
        document = self._journal.get(DEPLOYMENT, key)
        if not document:
            raise DeploymentDoesNotExistException(f"The deployment {key} could not be found")
        return machine.from_document(document)

    def active(self, group: str) -> Deployment | None:
        """The deployment of a group that is not over, a rollback that drains included."""
        mine = (one for one in self.under_way() if one.group == group)
        return next((one for one in mine if one.phase != "ended"), None)

    def stop(self, key: str) -> str:
        """Ask for a stop; returns StopDeployment's status. Raises the API's errors."""
        with self._lock, self._journal.together():
            one = self.one(key)
            if one.status in ENDED:
                raise DeploymentAlreadyCompletedException(f"The deployment {key} is already {one.status}")
            if one.phase in ("deploying", "keeping blue"):
                one.stop_asked = True
                self._keep(one)
                return "Pending"
            return "Succeeded"

    def answer(self, key: str, hook_id: str, status: str) -> None:
        """What a hook's function says. Raises the API's errors."""
        with self._lock, self._journal.together():
            one = self.one(key)
            event = next((event for event in one.events if event.hook_id == hook_id and hook_id), None)
            if not event:
                raise InvalidLifecycleEventHookExecutionIdException(
                    f"{hook_id!r} is no lifecycle event hook execution of deployment {key}"
                )
            if event.status != "InProgress" or event.answer:
                raise LifecycleEventAlreadyCompletedException(f"{event.name} of {key} is over")
            event.answer = status
            self._keep(one)

    def service(self, name: str) -> Service:
        """Where a service's traffic goes now."""
        document = self._journal.get(SERVICE, name)
        if document:
            return Service(**document)
        group = self.architecture.groups[name]
        return Service(name, "", {group.production.target_group: 100}, group.test.target_group)

    def keep_service(self, service: Service) -> None:
        """Write it down; the next look tells the load balancer."""
        self._journal.put(SERVICE, service.name, {name: getattr(service, name) for name in Service.__slots__})

    def alarms(self) -> dict[str, State]:
        """Every alarm's state at the last look."""
        return dict(self._alarms)

    # --- the one thread that moves

    def resume(self) -> None:
        """After a restart: nobody watched meanwhile, so a step of the shift begins its time anew."""
        with self._lock, self._journal.together():
            for one in self.under_way():
                event = one.current
                if one.phase == "deploying" and event and event.name == "AllowTraffic" and one.next_at:
                    steps = self._rules(one).shift.steps()
                    one.next_at = self._clock.now() + self._clock.real_s(steps[one.step][1] * 60)
                    self._keep(one)

    def look(self) -> None:
        """Move every deployment on by as much as the world allows."""
        self._judge_alarms()
        moved = [self._move(listed.id) for listed in self.under_way()]
        self._direct_traffic()  # before a hook looks where it goes
        for one in moved:
            for event in one.events:
                if event.hook_id and event.status == "InProgress" and not event.answer:
                    self._hooks.ask(event.hook_id, event.hook, one.id)

    def _move(self, key: str) -> Deployment:
        with self._lock, self._journal.together():
            one = self.one(key)
            seen = self._observe(one)
            for effect in machine.advance(one, seen, self._rules(one), self._clock):
                self._apply(one, effect, seen.now)
            self._keep(one)
        return one

    def _observe(self, one: Deployment) -> Observed:
        group = self.architecture.groups[one.group]
        return Observed(
            now=self._clock.now(),
            green_steady=self._fleet.is_steady(one.green),
            green_gone=self._fleet.is_gone(one.green),
            blue_gone=self._fleet.is_gone(one.blue),
            alarms=tuple(
                name for name in group.alarms if self._alarms.get(name, State("OK", "")).value == "ALARM"
            ),
            broken_hooks=self._hooks.broken(),
        )

    def _rules(self, one: Deployment) -> Rules:
        group = self.architecture.groups[one.group]
        return Rules(shift(one.config), group.termination_minutes * 60, group.rolls_back_on)

    def _apply(self, one: Deployment, effect: Effect, now: float) -> None:
        service = self.service(one.group)
        match effect.kind:
            case "scale":
                self._scale(effect.subject, self.architecture.groups[one.group].desired * effect.number)
            case "weigh":
                other = one.blue_targets if effect.subject == one.green_targets else one.green_targets
                service.production = {effect.subject: effect.number, other: 100 - effect.number}
                self.keep_service(service)
            case "try":
                service.test = effect.subject
                self.keep_service(service)
            case "promote":
                self._promote(service, effect.subject)
            case "roll back":
                self._keep(machine.rollback_of(one, deployment_id(), now))
                self._announce(self.one(one.rollback), "START", now)
            case "announce":
                self._announce(one, effect.subject, now)

    def _scale(self, key: str, desired: int) -> None:
        if task_set := self._fleet.task_set(key):
            task_set.desired = desired
            task_set.status = (
                task_set.status
                if desired and task_set.status == "PRIMARY"
                else ("ACTIVE" if desired else "DRAINING")
            )
            self._fleet.keep(task_set)

    def _promote(self, service: Service, key: str) -> None:
        for task_set in self._fleet.task_sets():
            if task_set.service != service.name:
                continue
            if task_set.id == key:
                task_set.status = "PRIMARY"
            elif task_set.status == "PRIMARY":
                task_set.status = "ACTIVE"
            self._fleet.keep(task_set)
        service.primary = key
        self.keep_service(service)

    def _judge_alarms(self) -> None:
        now = self._clock.now()
        for name, alarm in self.architecture.alarms.items():
            if not any(name in group.alarms for group in self.architecture.groups.values()):
                continue
            last = self._alarms.get(name, State("OK", ""))
            state = judge(alarm, self._metrics, self._clock, now, last.value)
            self._alarms[name] = state
            if state.value != last.value:
                self._alarm_changed(name, state, last, now)

    def _alarm_changed(self, name: str, state: State, last: State, now: float) -> None:
        """Written down, so that a runner that is started again tells of a change once, too."""
        detail = {
            "alarmName": name,
            "state": {"value": state.value, "reason": state.reason},
            "previousState": {"value": last.value, "reason": last.reason},
        }
        resource = arn("cloudwatch", f"alarm:{name}")
        with self._journal.together():
            self._journal.put(ALARM, name, {"name": name, "value": state.value, "reason": state.reason})
            self._journal.announce(
                events.envelope("aws.cloudwatch", events.ALARM, resource, detail, now, self._clock.scale)
            )

    def _direct_traffic(self) -> None:
        for group in self.architecture.groups.values():
            service = self.service(group.name)
            self._balancer.weigh(group.production.name, service.production)
            self._balancer.weigh(group.test.name, {service.test: 100})

    def _keep(self, one: Deployment) -> None:
        self._journal.put(DEPLOYMENT, one.id, machine.as_document(one), is_over=one.phase == "ended")

    def _announce(self, one: Deployment, state: str, now: float) -> None:
        resources = arn("codedeploy", f"deploymentgroup:{one.application}/{one.group}")
        detail = {
            "application": one.application,
            "deploymentGroup": one.group,
            "instanceGroupId": str(uuid.uuid5(uuid.NAMESPACE_URL, resources)),
            "deploymentId": one.id,
            "state": state,
            "region": resources.split(":")[3],
        }
        self._journal.announce(
            events.envelope("aws.codedeploy", events.DEPLOYMENT, resources, detail, now, one.scale)
        )


def _version(definition: dict[str, Any]) -> str:
    environment = definition["containerDefinitions"][0].get("environment", [])
    return next((one["value"] for one in environment if one["name"] == "SERVICE_VERSION"), "")
