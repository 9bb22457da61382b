"""The state machine of an ECS blue/green deployment, from event to event."""

from itertools import pairwise

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local.pipeline.codedeploy import deployment_machine as machine
from local.pipeline.codedeploy.deployment_machine import EVENTS, HOOKS, LEAST_WAIT_S
from tests.unit.local.pipeline.rehearsal import ALL_EVENTS, CANARY, World, replayed, twin

MODEL = ServiceModel(Loader().load_service_model("codedeploy", "service-2"), "codedeploy")
LINEAR = "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"
ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"


def test_every_event_comes_in_codedeploys_order():
    world = World(hooks=HOOKS).to_the_end()

    started = [event.started for event in world.deployment.events]
    assert [event.name for event in world.deployment.events] == list(EVENTS)
    assert world.statuses() == ["Succeeded"] * len(EVENTS)
    assert started == sorted(started)
    assert all(one.ended >= one.started for one in world.deployment.events)


def test_a_deployment_that_goes_well_ends_with_green_alone():
    world = World().to_the_end()

    assert world.deployment.status == "Succeeded"
    assert world.announced == [("d-FIRST", "START"), ("d-FIRST", "SUCCESS")]
    assert world.production == {"lantern-orders-green": 100, "lantern-orders-blue": 0}
    assert world.primary == "ecs-svc/2"
    assert world.sizes == {"ecs-svc/1": 0, "ecs-svc/2": 1}
    assert world.rollback is None


def test_a_canary_waits_at_ten_percent_for_five_minutes_of_its_time():
    world = World().to_the_end()

    (first, low), (second, high) = world.deployment.weights
    assert (low, high) == (10, 100)
    assert second - first == pytest.approx(5, abs=0.5)


def test_a_linear_shift_goes_up_minute_by_minute():
    world = World(LINEAR).to_the_end()

    times = [at for at, _ in world.deployment.weights]
    assert [share for _, share in world.deployment.weights] == list(range(10, 101, 10))
    assert all(later - at == pytest.approx(1, abs=0.5) for at, later in pairwise(times))


def test_all_at_once_shifts_in_one_step():
    world = World(ALL_AT_ONCE).to_the_end()

    assert [share for _, share in world.deployment.weights] == [100]


def test_blue_is_kept_for_the_termination_wait():
    world = World(termination_s=300).until_phase("keeping blue")
    began = world.now

    world.until_phase("ending blue")

    assert world.now - began == pytest.approx(5, abs=0.5)
    assert world.deployment.status == "InProgress"


def test_the_deployment_ends_when_blue_is_gone():
    world = World(termination_s=0).until_phase("ending blue")

    assert world.deployment.status == "InProgress"
    assert world.until_phase("ended").sizes["ecs-svc/1"] == 0


def test_traffic_waits_until_green_is_healthy():
    world = World()
    world.healthy = False
    for _ in range(20):
        world.look()

    assert world.deployment.current.name == "Install"
    assert world.green_share == 0


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_asked_once_and_waited_for(hook):
    world = World(hooks=[hook])
    world.answers = False
    world.until_event(hook)
    for _ in range(20):
        world.look()

    assert world.invoked == [f"d-FIRST-{hook}"]
    assert world.deployment.current.name == hook


@pytest.mark.parametrize("event", ["AfterAllowTestTraffic", "AfterAllowTraffic"])
def test_a_hook_after_a_change_of_traffic_comes_one_look_later(event):
    """What looks applies the traffic at its end: a hook of the same look could still meet blue."""
    before = EVENTS[EVENTS.index(event) - 1]

    world = World(ALL_AT_ONCE, hooks=[event]).to_the_end()

    moved = {
        "AllowTestTraffic": world.deployment.event("AllowTestTraffic").started,
        "AllowTraffic": world.deployment.weights[-1][0],
    }
    assert world.deployment.event(event).started > moved[before]


def assert_rolled_back(world, status, code):
    """Green is gone and production as it was."""
    assert (world.deployment.status, world.deployment.error_code) == (status, code)
    assert code in MODEL.shape_for("ErrorCode").enum
    assert world.deployment.error_message
    assert world.production == {"lantern-orders-blue": 100, "lantern-orders-green": 0}
    assert world.test == "lantern-orders-blue"
    assert world.primary == "ecs-svc/1"
    assert world.sizes == {"ecs-svc/1": 1, "ecs-svc/2": 0}
    assert "Pending" not in world.statuses()
    assert "InProgress" not in world.statuses()


@pytest.mark.parametrize(
    "event", ["BeforeInstall", "Install", "AfterAllowTestTraffic", "AllowTraffic", "AfterAllowTraffic"]
)
def test_a_stop_ends_the_event_that_runs_and_skips_the_rest(event):
    world = World(hooks=HOOKS)
    world.answers = EVENTS.index(event) > 0
    if event == "Install":
        world.healthy = False
    world.until_event(event)
    world.answers = False

    world.deployment.stop_asked = True
    world.to_the_end()

    at = EVENTS.index(event)
    assert_rolled_back(world, "Stopped", "MANUAL_STOP")
    assert world.statuses() == ["Succeeded"] * at + ["Failed"] + ["Skipped"] * (len(EVENTS) - at - 1)
    assert ("d-FIRST", "STOP") in world.announced


def test_a_stop_before_anything_began_leaves_nothing_to_roll_back():
    world = World()
    world.deployment.stop_asked = True

    world.look()

    assert world.deployment.phase == "ended"
    assert world.statuses() == ["Skipped"] * len(EVENTS)
    assert world.announced == [("d-FIRST", "START"), ("d-FIRST", "STOP")]
    assert world.rollback is None


@pytest.mark.parametrize("config", [CANARY, LINEAR])
def test_an_alarm_during_the_shift_stops_it_and_greens_share_never_rises_again(config):
    world = World(config).until(lambda one: one.green_share >= 10)
    world.alarms = ("lantern-orders-green-errors",)

    world.to_the_end()

    assert_rolled_back(world, "Stopped", "ALARM_ACTIVE")
    assert "<lantern-orders-green-errors>" in world.deployment.error_message
    assert world.deployment.weights[-1][1] == 0
    assert world.shares == [*sorted(world.shares[:-1]), 0]


def test_an_alarm_while_blue_is_kept_rolls_back_at_once():
    world = World().until_phase("keeping blue")
    world.alarms = ("lantern-orders-green-errors",)

    world.look()

    assert world.green_share == 0
    assert_rolled_back(world.to_the_end(), "Stopped", "ALARM_ACTIVE")
    assert world.statuses() == ["Succeeded"] * len(EVENTS)


def test_an_alarm_after_blue_was_given_up_changes_nothing():
    world = World().until_phase("ending blue")
    world.alarms = ("lantern-orders-green-errors",)

    world.to_the_end()

    assert world.deployment.status == "Succeeded"


def test_an_alarm_that_is_on_already_stops_the_deployment_before_it_begins():
    world = World()
    world.alarms = ("lantern-orders-blue-latency",)

    world.look()

    assert (world.deployment.status, world.deployment.error_code) == ("Stopped", "ALARM_ACTIVE")
    assert world.sizes["ecs-svc/2"] == 0


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_says_failed_rolls_back(hook):
    world = World(hooks=HOOKS).until_event(hook)

    world.deployment.event(hook).answer = "Failed"
    world.to_the_end()

    assert_rolled_back(world, "Failed", "HOOK_EXECUTION_FAILURE")
    assert hook in world.deployment.error_message
    assert world.deployment.event(hook).message == world.deployment.error_message
    assert ("d-FIRST", "FAILURE") in world.announced


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_says_nothing_for_an_hour_fails(hook):
    world = World(hooks=[hook])
    world.answers = False
    world.until_event(hook)
    began = world.now

    world.to_the_end()

    assert_rolled_back(world, "Failed", "TIMEOUT")
    assert world.deployment.event(hook).ended - began == pytest.approx(60, abs=1)


def test_a_function_that_cannot_be_invoked_fails_the_deployment():
    world = World(hooks=["AfterInstall"])
    world.answers = False
    world.until_event("AfterInstall")
    world.broken = {"d-FIRST-AfterInstall": "An error occurred (ResourceNotFoundException)"}

    world.to_the_end()

    assert_rolled_back(world, "Failed", "INVALID_LAMBDA_FUNCTION")
    assert "ResourceNotFoundException" in world.deployment.error_message


@pytest.mark.parametrize(("answer", "status"), [("Succeeded", "Succeeded"), ("Failed", "Failed")])
def test_what_a_hook_said_counts_even_when_its_invocation_breaks_later(answer, status):
    world = World(hooks=["AfterInstall"])
    world.answers = False
    world.until_event("AfterInstall")

    world.deployment.event("AfterInstall").answer = answer
    world.broken = {"d-FIRST-AfterInstall": "An error occurred"}
    world.to_the_end()

    assert world.deployment.status == status
    assert world.deployment.error_code in ("", "HOOK_EXECUTION_FAILURE")


def test_green_that_never_gets_healthy_fails_after_an_hour():
    world = World()
    world.healthy = False
    world.until_event("Install")
    began = world.now

    world.to_the_end()

    assert_rolled_back(world, "Failed", "TIMEOUT")
    assert "60 minutes" in world.deployment.error_message
    assert world.deployment.event("Install").ended - began == pytest.approx(60, abs=1)
    assert world.shares == [0]


def test_however_much_time_is_hurried_programs_get_what_they_need_to_start():
    world = World(scale=600)
    world.healthy = False
    world.until_event("Install")
    began = world.now

    world.to_the_end()

    assert world.deployment.event("Install").ended - began == pytest.approx(LEAST_WAIT_S, abs=1)


def test_a_rollback_is_a_deployment_of_its_own_beside_the_failed_one():
    world = World().until_event("AllowTraffic")
    world.deployment.stop_asked = True

    world.to_the_end()

    failed, rollback = world.deployment, world.rollback
    assert failed.rollback == rollback.id == "d-ROLLBACK"
    assert rollback.rolls_back == failed.id
    assert (rollback.creator, rollback.config) == ("codeDeployRollback", ALL_AT_ONCE)
    assert (rollback.green, rollback.green_targets) == (failed.blue, failed.blue_targets)
    assert (rollback.status, rollback.green_weight) == ("Succeeded", 100)
    assert world.announced == [("d-FIRST", "START"), ("d-FIRST", "STOP"), ("d-ROLLBACK", "SUCCESS")]
    assert rollback.creator in MODEL.shape_for("DeploymentCreator").enum
    assert replayed(rollback) == rollback


@pytest.mark.parametrize("missing", ALL_EVENTS)
def test_a_rollback_deployment_comes_only_where_the_group_asks_for_it(missing):
    world = World(hooks=["AfterAllowTraffic"], rolls_back_on=[one for one in ALL_EVENTS if one != missing])
    world.answers = False
    world.until_event("AfterAllowTraffic")
    match missing:
        case "DEPLOYMENT_FAILURE":
            world.deployment.event("AfterAllowTraffic").answer = "Failed"
        case "DEPLOYMENT_STOP_ON_ALARM":
            world.alarms = ("lantern-orders-green-errors",)
        case "DEPLOYMENT_STOP_ON_REQUEST":
            world.deployment.stop_asked = True

    world.to_the_end()

    assert world.rollback is None
    assert world.green_share == 0


def test_a_status_is_always_one_of_codedeploys():
    world = World()
    seen = set()

    world.until(lambda one: seen.add(one.deployment.status) or one.deployment.phase == "ended")

    assert seen == {"Created", "InProgress", "Succeeded"}
    assert seen <= set(MODEL.shape_for("DeploymentStatus").enum)


@settings(max_examples=60, stateful_step_count=40)
class Whatever(RuleBasedStateMachine):
    """Whatever happens to a deployment, and however often somebody looks."""

    @initialize(
        config=st.sampled_from([CANARY, LINEAR, ALL_AT_ONCE]),
        hooks=st.sets(st.sampled_from(HOOKS)),
        rolls_back_on=st.sets(st.sampled_from(ALL_EVENTS)),
    )
    def begin(self, config, hooks, rolls_back_on):
        self.world = World(config, hooks, rolls_back_on=tuple(rolls_back_on))
        self.world.answers = False
        self.gave_up_at = None

    @rule(seconds=st.sampled_from([0.2, 0.2, 1.5, 6, 70]))
    def look(self, seconds):
        self.world.look(seconds)
        self.look_again_and_nothing_happens()

    @rule()
    def become_unhealthy(self):
        self.world.healthy = False

    @rule()
    def become_healthy(self):
        self.world.healthy = True

    @rule(alarms=st.sampled_from([(), (), ("lantern-orders-green-errors",)]))
    def change_alarms(self, alarms):
        self.world.alarms = alarms

    @rule(answer=st.sampled_from(["Succeeded", "Succeeded", "Succeeded", "Failed"]))
    def answer(self, answer):
        event = self.world.deployment.current
        if event and event.hook_id and not event.answer:
            event.answer = answer

    @rule()
    @precondition(lambda self: self.world.deployment.phase in ("deploying", "keeping blue"))
    def stop(self):
        self.world.deployment.stop_asked = True

    def look_again_and_nothing_happens(self):
        """The same observation moves nothing a second time: a runner may die between doing and noting."""
        again = twin(self.world.deployment)
        if again.stop_asked and again.phase in ("deploying", "keeping blue"):
            return
        machine.advance(again, self.world.seen(), self.world.rules, self.world.clock)
        settled = twin(again)
        effects = machine.advance(settled, self.world.seen(), self.world.rules, self.world.clock)
        assert settled == again
        assert effects == []

    @invariant()
    def shares_are_shares(self):
        assert 0 <= self.world.green_share <= 100
        assert sum(self.world.production.values()) == 100
        assert all(0 <= share <= 100 for _, share in self.world.deployment.weights)

    @invariant()
    def production_meets_green_only_once_traffic_is_allowed(self):
        if self.world.deployment.event("AllowTraffic").status in ("Pending", "Skipped"):
            assert not any(self.world.shares)

    @invariant()
    def green_never_gets_more_once_given_up(self):
        if self.world.deployment.status in ("Failed", "Stopped"):
            assert self.world.green_share == 0
            assert self.world.primary == "ecs-svc/1"
            assert self.world.sizes["ecs-svc/1"] == 1

    @invariant()
    def an_end_is_announced_once(self):
        ends = [state for key, state in self.world.announced if key == "d-FIRST" and state != "START"]
        assert len(ends) == (1 if self.world.deployment.status in machine.ENDED else 0)

    @invariant()
    def events_are_over_in_order(self):
        statuses = self.world.statuses()
        order = {"Succeeded": 0, "InProgress": 1, "Failed": 1, "Pending": 2, "Skipped": 2}
        assert [order[one] for one in statuses] == sorted(order[one] for one in statuses)
        assert sum(one in ("InProgress", "Failed") for one in statuses) <= 1

    @invariant()
    def what_failed_says_why(self):
        one = self.world.deployment
        assert bool(one.error_code) == (one.status in ("Failed", "Stopped"))


TestWhatever = Whatever.TestCase
