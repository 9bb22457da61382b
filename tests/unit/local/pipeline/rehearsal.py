"""A small world around the state machine of deployments: what its effects do, and what it then sees."""

import copy
import json

from local.pipeline.architecture import shift
from local.pipeline.clock import Clock
from local.pipeline.codedeploy import deployment_machine as machine
from local.pipeline.codedeploy.deployment_machine import Deployment, Observed, Rules

SCALE = 60
START = 1_800_000_000.0
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
ALL_EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
SMOKE = "CodeDeployHook_lantern-smoke"


class World:
    """Task sets that take a second to come and go, and a clock that only `look` moves."""

    def __init__(self, config=CANARY, hooks=(), termination_s=300, rolls_back_on=ALL_EVENTS, scale=SCALE):
        self.clock, self.now = Clock(scale), START
        self.rules = Rules(shift(config), termination_s, rolls_back_on)
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
        )
        machine.begin(self.deployment, dict.fromkeys(hooks, SMOKE))
        self.rollback = None
        self.sizes = {"ecs-svc/1": 1, "ecs-svc/2": 0}
        self.since = {"ecs-svc/1": START - 60, "ecs-svc/2": START}
        self.production = {"lantern-orders-blue": 100, "lantern-orders-green": 0}
        self.test = "lantern-orders-green"
        self.primary = "ecs-svc/1"
        self.invoked, self.announced, self.shares = [], [], []
        self.alarms, self.broken, self.healthy, self.answers = (), {}, True, True

    @property
    def green_share(self):
        """Of production, in percent."""
        return self.production["lantern-orders-green"]

    def seen(self, one=None):
        """What a deployment is shown now."""
        one = one or self.deployment
        return Observed(
            now=self.now,
            green_steady=self.healthy
            and self.sizes[one.green] == 1
            and self.now - self.since[one.green] >= 1,
            green_gone=self.sizes[one.green] == 0 and self.now - self.since[one.green] >= 1,
            blue_gone=self.sizes[one.blue] == 0 and self.now - self.since[one.blue] >= 1,
            alarms=self.alarms,
            broken_hooks=self.broken,
        )

    def look(self, seconds=0.2):
        """Let time pass, move what there is to move; the deployment comes back from the journal each time."""
        self.now += seconds
        for one in filter(None, (self.deployment, self.rollback)):
            for effect in machine.advance(one, self.seen(one), self.rules, self.clock):
                self.apply(one, effect)
        if (
            self.answers
            and (event := self.deployment.current)
            and event.hook_id
            and event.hook_id in self.invoked
        ):
            event.answer = event.answer or "Succeeded"
        self.deployment = replayed(self.deployment)

    def apply(self, one, effect):
        match effect.kind:
            case "scale":
                if self.sizes[effect.subject] != effect.number:
                    self.sizes[effect.subject], self.since[effect.subject] = effect.number, self.now
            case "weigh":
                for name in self.production:
                    self.production[name] = 100 - effect.number
                self.production[effect.subject] = effect.number
                self.shares.append(self.green_share)
            case "try":
                self.test = effect.subject
            case "promote":
                self.primary = effect.subject
            case "invoke":
                self.invoked.append(one.event(effect.subject).hook_id)
            case "announce":
                self.announced.append((one.id, effect.subject))
            case "roll back":
                self.rollback = machine.rollback_of(one, "d-ROLLBACK", self.now)
            case _:
                raise AssertionError(f"an effect that nobody knows: {effect}")

    def until(self, condition, seconds=1200):
        """Look until the condition holds."""
        end = self.now + seconds
        while not condition(self):
            assert self.now < end, f"still {self.deployment.phase}, {self.deployment.current}"
            self.look()
        return self

    def until_event(self, name):
        """Look until this event runs."""
        return self.until(lambda world: world.deployment.event(name).status == "InProgress")

    def until_phase(self, phase):
        """Look until the deployment is so far."""
        return self.until(lambda world: world.deployment.phase == phase)

    def to_the_end(self):
        """Look until nothing is left to do."""
        return self.until(
            lambda world: (
                world.deployment.phase == "ended"
                and (world.rollback is None or world.rollback.phase == "ended")
            )
        )

    def statuses(self):
        """The status of every event, in order."""
        return [event.status for event in self.deployment.events]


def replayed(deployment):
    """As it comes back from the journal."""
    back = machine.from_document(json.loads(json.dumps(machine.as_document(deployment))))
    assert back == deployment
    return back


def twin(deployment):
    """A copy that can be changed."""
    return copy.deepcopy(deployment)
