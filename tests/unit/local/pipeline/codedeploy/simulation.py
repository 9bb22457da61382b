"""Task sets, traffic and hooks around the deployment machine: what effects do, and what it observes then."""

import copy
import json

import cattrs

from local.pipeline.clock import Clock
from local.pipeline.codedeploy.deployment_machine import (
    Deployment,
    EffectKind,
    Observation,
    Phase,
    Rules,
    advance,
    lifecycle_events,
    rollback_deployment,
)
from local.pipeline.codedeploy.traffic_shifting import traffic_shift

SCALE = 60
START = 1_800_000_000.0
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
ALL_EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
SMOKE = "CodeDeployHook_lantern-smoke"


class Simulation:
    """One deployment. Task sets take a second to start and to stop; only `look` moves the clock."""

    def __init__(self, config=CANARY, hooks=(), termination_s=300, rolls_back_on=ALL_EVENTS, scale=SCALE):
        self.clock, self.now = Clock(scale), START
        self.rules = Rules(traffic_shift(config), termination_s, rolls_back_on)
        self.deployment = Deployment(
            id="d-FIRST",
            application="lantern",
            group="orders",
            creator="user",
            config=config,
            created=START,
            app_spec="version: 0.0",
            task_definition="arn:aws:ecs:us-east-1:111122223333:task-definition/lantern-orders:8",
            blue="ecs-svc/1",
            green="ecs-svc/2",
            blue_targets="lantern-orders-blue",
            green_targets="lantern-orders-green",
            scale=scale,
            events=lifecycle_events(dict.fromkeys(hooks, SMOKE)),
        )
        self.rollback = None
        self.sizes = {"ecs-svc/1": 1, "ecs-svc/2": 0}
        self.resized = {"ecs-svc/1": START - 60, "ecs-svc/2": START}
        self.production = {"lantern-orders-blue": 100, "lantern-orders-green": 0}
        self.test = "lantern-orders-green"
        self.primary = "ecs-svc/1"
        self.invoked, self.announced, self.shares = [], [], []
        self.alarms, self.hook_failures, self.healthy, self.answers = (), {}, True, True

    @property
    def green_share(self):
        """Of production, in percent."""
        return self.production["lantern-orders-green"]

    def observation(self, deployment=None):
        """What a deployment observes now."""
        deployment = deployment or self.deployment
        return Observation(
            now=self.now,
            green_steady=self.healthy and self.has_size(deployment.green, 1),
            green_gone=self.has_size(deployment.green, 0),
            blue_gone=self.has_size(deployment.blue, 0),
            alarms=self.alarms,
            hook_failures=self.hook_failures,
        )

    def has_size(self, task_set, size):
        """Whether a task set has had its size for a second."""
        return self.sizes[task_set] == size and self.now - self.resized[task_set] >= 1

    def look(self, seconds=0.2):
        """Let time pass and advance the deployments; the first one comes back from the journal each time."""
        self.now += seconds
        for deployment in filter(None, (self.deployment, self.rollback)):
            for effect in advance(deployment, self.observation(deployment), self.rules, self.clock):
                self.apply(deployment, effect)
        event = self.deployment.current
        if event and event.hook_id and event.hook_id not in self.invoked:
            self.invoked.append(event.hook_id)
        if event and event.hook_id and self.answers:
            event.answer = event.answer or "Succeeded"
        self.deployment = replayed(self.deployment)

    def apply(self, deployment, effect):
        match effect.kind:
            case EffectKind.START_TASKS | EffectKind.STOP_TASKS:
                size = int(effect.kind == EffectKind.START_TASKS)
                if self.sizes[effect.subject] != size:
                    self.sizes[effect.subject], self.resized[effect.subject] = size, self.now
            case EffectKind.SHIFT_PRODUCTION:
                for name in self.production:
                    self.production[name] = 100 - effect.percent
                self.production[effect.subject] = effect.percent
                self.shares.append(self.green_share)
            case EffectKind.SHIFT_TEST:
                self.test = effect.subject
            case EffectKind.PROMOTE:
                self.primary = effect.subject
            case EffectKind.ANNOUNCE:
                self.announced.append((deployment.id, effect.subject))
            case EffectKind.ROLL_BACK:
                self.rollback = rollback_deployment(deployment, "d-ROLLBACK", self.now)

    def until(self, condition, seconds=1200):
        """Look until the condition holds."""
        end = self.now + seconds
        while not condition(self):
            assert self.now < end, f"still {self.deployment.phase}, {self.deployment.current}"
            self.look()
        return self

    def until_event(self, name):
        """Look until this lifecycle event is in progress."""
        return self.until(lambda simulation: simulation.deployment.event(name).status == "InProgress")

    def until_phase(self, phase):
        """Look until the deployment is in this phase."""
        return self.until(lambda simulation: simulation.deployment.phase == phase)

    def to_the_end(self):
        """Look until nothing is left to do."""
        return self.until(
            lambda simulation: (
                simulation.deployment.phase == Phase.ENDED
                and (simulation.rollback is None or simulation.rollback.phase == Phase.ENDED)
            )
        )

    def statuses(self):
        """The status of every lifecycle event, in order."""
        return [event.status for event in self.deployment.events]


def replayed(deployment):
    """The deployment as it comes back from the journal."""
    document = json.loads(json.dumps(cattrs.unstructure(deployment)))
    loaded = cattrs.structure(document, Deployment)
    assert loaded == deployment
    return loaded


def twin(deployment):
    """A copy that can be changed."""
    return copy.deepcopy(deployment)
