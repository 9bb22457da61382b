"""The state machine of an ECS blue/green deployment in a simulation."""

from itertools import pairwise

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local.pipeline.codedeploy.deployment_machine import (
    EVENTS,
    FINAL_STATUSES,
    HOOKS,
    LEAST_TIMEOUT_S,
    Phase,
    advance,
)
from tests.unit.local.pipeline.codedeploy.simulation import ALL_EVENTS, CANARY, Simulation, replayed, twin

MODEL = ServiceModel(Loader().load_service_model("codedeploy", "service-2"), "codedeploy")
LINEAR = "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"
ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"


def test_every_event_comes_in_codedeploys_order():
    simulation = Simulation(hooks=HOOKS).to_the_end()

    started = [event.started for event in simulation.deployment.events]
    assert [event.name for event in simulation.deployment.events] == list(EVENTS)
    assert simulation.statuses() == ["Succeeded"] * len(EVENTS)
    assert started == sorted(started)
    assert all(event.ended >= event.started for event in simulation.deployment.events)


def test_a_deployment_that_succeeds_ends_with_green_alone():
    simulation = Simulation().to_the_end()

    assert simulation.deployment.status == "Succeeded"
    assert simulation.announced == [("d-FIRST", "START"), ("d-FIRST", "SUCCESS")]
    assert simulation.production == {"lantern-orders-green": 100, "lantern-orders-blue": 0}
    assert simulation.primary == "ecs-svc/2"
    assert simulation.sizes == {"ecs-svc/1": 0, "ecs-svc/2": 1}
    assert simulation.rollback is None


def test_a_canary_waits_at_ten_percent_for_five_simulated_minutes():
    simulation = Simulation().to_the_end()

    (first, low), (second, high) = simulation.deployment.weights
    assert (low, high) == (10, 100)
    assert second - first == pytest.approx(5, abs=0.5)


def test_a_linear_shift_goes_up_minute_by_minute():
    simulation = Simulation(LINEAR).to_the_end()

    times = [at for at, _ in simulation.deployment.weights]
    assert [share for _, share in simulation.deployment.weights] == list(range(10, 101, 10))
    assert all(later - at == pytest.approx(1, abs=0.5) for at, later in pairwise(times))


def test_all_at_once_shifts_in_one_step():
    simulation = Simulation(ALL_AT_ONCE).to_the_end()

    assert [share for _, share in simulation.deployment.weights] == [100]


def test_blue_is_kept_for_the_termination_wait():
    simulation = Simulation(termination_s=300).until_phase(Phase.KEEPING_BLUE)
    began = simulation.now

    simulation.until_phase(Phase.ENDING_BLUE)

    assert simulation.now - began == pytest.approx(5, abs=0.5)
    assert simulation.deployment.status == "InProgress"


def test_the_deployment_ends_when_blue_is_gone():
    simulation = Simulation(termination_s=0).until_phase(Phase.ENDING_BLUE)

    assert simulation.deployment.status == "InProgress"
    assert simulation.until_phase(Phase.ENDED).sizes["ecs-svc/1"] == 0


def test_traffic_waits_until_green_is_healthy():
    simulation = Simulation()
    simulation.healthy = False
    for _ in range(20):
        simulation.look()

    assert simulation.deployment.current.name == "Install"
    assert simulation.green_share == 0


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_begun_and_waited_for(hook):
    simulation = Simulation(hooks=[hook])
    simulation.answers = False
    simulation.until_event(hook)
    for _ in range(20):
        simulation.look()

    assert simulation.invoked == [f"d-FIRST-{hook}"]
    assert simulation.deployment.current.name == hook


@pytest.mark.parametrize("event", ["AfterAllowTestTraffic", "AfterAllowTraffic"])
def test_a_hook_after_a_traffic_shift_begins_one_look_later(event):
    """A look applies its traffic shifts at its end: a hook of the same look could still meet blue."""
    before = EVENTS[EVENTS.index(event) - 1]

    simulation = Simulation(ALL_AT_ONCE, hooks=[event]).to_the_end()

    moved = {
        "AllowTestTraffic": simulation.deployment.event("AllowTestTraffic").started,
        "AllowTraffic": simulation.deployment.weights[-1][0],
    }
    assert simulation.deployment.event(event).started > moved[before]


def assert_rolled_back(simulation, status, code):
    """Green is gone and blue has all traffic."""
    assert (simulation.deployment.status, simulation.deployment.error_code) == (status, code)
    assert code in MODEL.shape_for("ErrorCode").enum
    assert simulation.deployment.error_message
    assert simulation.production == {"lantern-orders-blue": 100, "lantern-orders-green": 0}
    assert simulation.test == "lantern-orders-blue"
    assert simulation.primary == "ecs-svc/1"
    assert simulation.sizes == {"ecs-svc/1": 1, "ecs-svc/2": 0}
    assert "Pending" not in simulation.statuses()
    assert "InProgress" not in simulation.statuses()


@pytest.mark.parametrize(
    "event", ["BeforeInstall", "Install", "AfterAllowTestTraffic", "AllowTraffic", "AfterAllowTraffic"]
)
def test_a_stop_fails_the_current_event_and_skips_the_later_ones(event):
    simulation = Simulation(hooks=HOOKS)
    simulation.answers = EVENTS.index(event) > 0
    if event == "Install":
        simulation.healthy = False
    simulation.until_event(event)
    simulation.answers = False

    simulation.deployment.stop_asked = True
    simulation.to_the_end()

    at = EVENTS.index(event)
    assert_rolled_back(simulation, "Stopped", "MANUAL_STOP")
    assert simulation.statuses() == ["Succeeded"] * at + ["Failed"] + ["Skipped"] * (len(EVENTS) - at - 1)
    assert ("d-FIRST", "STOP") in simulation.announced


def test_a_stop_before_anything_began_creates_no_rollback():
    simulation = Simulation()
    simulation.deployment.stop_asked = True

    simulation.look()

    assert simulation.deployment.phase == Phase.ENDED
    assert simulation.statuses() == ["Skipped"] * len(EVENTS)
    assert simulation.announced == [("d-FIRST", "START"), ("d-FIRST", "STOP")]
    assert simulation.rollback is None


@pytest.mark.parametrize("config", [CANARY, LINEAR])
def test_an_alarm_during_the_shift_stops_it_and_greens_share_never_rises_again(config):
    simulation = Simulation(config).until(lambda simulated: simulated.green_share >= 10)
    simulation.alarms = ("lantern-orders-green-errors",)

    simulation.to_the_end()

    assert_rolled_back(simulation, "Stopped", "ALARM_ACTIVE")
    assert "<lantern-orders-green-errors>" in simulation.deployment.error_message
    assert simulation.deployment.weights[-1][1] == 0
    assert simulation.shares == [*sorted(simulation.shares[:-1]), 0]


def test_an_alarm_while_blue_is_kept_rolls_back_at_once():
    simulation = Simulation().until_phase(Phase.KEEPING_BLUE)
    simulation.alarms = ("lantern-orders-green-errors",)

    simulation.look()

    assert simulation.green_share == 0
    assert_rolled_back(simulation.to_the_end(), "Stopped", "ALARM_ACTIVE")
    assert simulation.statuses() == ["Succeeded"] * len(EVENTS)


def test_an_alarm_once_blue_ends_changes_nothing():
    simulation = Simulation().until_phase(Phase.ENDING_BLUE)
    simulation.alarms = ("lantern-orders-green-errors",)

    simulation.to_the_end()

    assert simulation.deployment.status == "Succeeded"


def test_an_alarm_that_is_on_already_stops_the_deployment_before_it_begins():
    simulation = Simulation()
    simulation.alarms = ("lantern-orders-blue-latency",)

    simulation.look()

    assert (simulation.deployment.status, simulation.deployment.error_code) == ("Stopped", "ALARM_ACTIVE")
    assert simulation.sizes["ecs-svc/2"] == 0


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_reports_failed_rolls_back(hook):
    simulation = Simulation(hooks=HOOKS).until_event(hook)

    simulation.deployment.event(hook).answer = "Failed"
    simulation.to_the_end()

    assert_rolled_back(simulation, "Failed", "HOOK_EXECUTION_FAILURE")
    assert hook in simulation.deployment.error_message
    assert simulation.deployment.event(hook).message == simulation.deployment.error_message
    assert ("d-FIRST", "FAILURE") in simulation.announced


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_reports_nothing_for_an_hour_fails(hook):
    simulation = Simulation(hooks=[hook])
    simulation.answers = False
    simulation.until_event(hook)
    began = simulation.now

    simulation.to_the_end()

    assert_rolled_back(simulation, "Failed", "TIMEOUT")
    assert simulation.deployment.event(hook).ended - began == pytest.approx(60, abs=1)


def test_a_function_that_cannot_be_invoked_fails_the_deployment():
    simulation = Simulation(hooks=["AfterInstall"])
    simulation.answers = False
    simulation.until_event("AfterInstall")
    simulation.hook_failures = {"d-FIRST-AfterInstall": "An error occurred (ResourceNotFoundException)"}

    simulation.to_the_end()

    assert_rolled_back(simulation, "Failed", "INVALID_LAMBDA_FUNCTION")
    assert "ResourceNotFoundException" in simulation.deployment.error_message


@pytest.mark.parametrize(("answer", "status"), [("Succeeded", "Succeeded"), ("Failed", "Failed")])
def test_a_hooks_report_counts_even_when_its_invocation_fails_later(answer, status):
    simulation = Simulation(hooks=["AfterInstall"])
    simulation.answers = False
    simulation.until_event("AfterInstall")

    simulation.deployment.event("AfterInstall").answer = answer
    simulation.hook_failures = {"d-FIRST-AfterInstall": "An error occurred"}
    simulation.to_the_end()

    assert simulation.deployment.status == status
    assert simulation.deployment.error_code in ("", "HOOK_EXECUTION_FAILURE")


def test_green_that_never_gets_healthy_fails_after_an_hour():
    simulation = Simulation()
    simulation.healthy = False
    simulation.until_event("Install")
    began = simulation.now

    simulation.to_the_end()

    assert_rolled_back(simulation, "Failed", "TIMEOUT")
    assert "60 minutes" in simulation.deployment.error_message
    assert simulation.deployment.event("Install").ended - began == pytest.approx(60, abs=1)
    assert simulation.shares == [0]


def test_at_any_time_scale_tasks_have_enough_real_time_to_start():
    simulation = Simulation(scale=600)
    simulation.healthy = False
    simulation.until_event("Install")
    began = simulation.now

    simulation.to_the_end()

    assert simulation.deployment.event("Install").ended - began == pytest.approx(LEAST_TIMEOUT_S, abs=1)


def test_a_rollback_is_a_deployment_of_its_own_beside_the_failed_one():
    simulation = Simulation().until_event("AllowTraffic")
    simulation.deployment.stop_asked = True

    simulation.to_the_end()

    failed, rollback = simulation.deployment, simulation.rollback
    assert failed.rollback == rollback.id == "d-ROLLBACK"
    assert rollback.rolls_back == failed.id
    assert (rollback.creator, rollback.config) == ("codeDeployRollback", ALL_AT_ONCE)
    assert (rollback.green, rollback.green_targets) == (failed.blue, failed.blue_targets)
    assert (rollback.status, rollback.green_weight) == ("Succeeded", 100)
    assert simulation.announced == [("d-FIRST", "START"), ("d-FIRST", "STOP"), ("d-ROLLBACK", "SUCCESS")]
    assert rollback.creator in MODEL.shape_for("DeploymentCreator").enum
    assert replayed(rollback) == rollback


@pytest.mark.parametrize("missing", ALL_EVENTS)
def test_a_rollback_deployment_is_created_only_for_the_groups_rollback_events(missing):
    simulation = Simulation(
        hooks=["AfterAllowTraffic"], rolls_back_on=[event for event in ALL_EVENTS if event != missing]
    )
    simulation.answers = False
    simulation.until_event("AfterAllowTraffic")
    match missing:
        case "DEPLOYMENT_FAILURE":
            simulation.deployment.event("AfterAllowTraffic").answer = "Failed"
        case "DEPLOYMENT_STOP_ON_ALARM":
            simulation.alarms = ("lantern-orders-green-errors",)
        case "DEPLOYMENT_STOP_ON_REQUEST":
            simulation.deployment.stop_asked = True

    simulation.to_the_end()

    assert simulation.rollback is None
    assert simulation.green_share == 0


def test_a_status_is_always_one_of_codedeploys():
    simulation = Simulation()
    statuses = set()

    simulation.until(
        lambda simulated: (
            statuses.add(simulated.deployment.status) or simulated.deployment.phase == Phase.ENDED
        )
    )

    assert statuses == {"Created", "InProgress", "Succeeded"}
    assert statuses <= set(MODEL.shape_for("DeploymentStatus").enum)


@settings(max_examples=60, stateful_step_count=40)
class AnyHistory(RuleBasedStateMachine):
    """Whatever happens to a deployment, in any order, with any number of looks."""

    @initialize(
        config=st.sampled_from([CANARY, LINEAR, ALL_AT_ONCE]),
        hooks=st.sets(st.sampled_from(HOOKS)),
        rolls_back_on=st.sets(st.sampled_from(ALL_EVENTS)),
    )
    def begin(self, config, hooks, rolls_back_on):
        self.simulation = Simulation(config, hooks, rolls_back_on=tuple(rolls_back_on))
        self.simulation.answers = False
        self.gave_up_at = None

    @rule(seconds=st.sampled_from([0.2, 0.2, 1.5, 6, 70]))
    def look(self, seconds):
        self.simulation.look(seconds)
        self.look_again_without_effect()

    @rule()
    def become_unhealthy(self):
        self.simulation.healthy = False

    @rule()
    def become_healthy(self):
        self.simulation.healthy = True

    @rule(alarms=st.sampled_from([(), (), ("lantern-orders-green-errors",)]))
    def change_alarms(self, alarms):
        self.simulation.alarms = alarms

    @rule(answer=st.sampled_from(["Succeeded", "Succeeded", "Succeeded", "Failed"]))
    def answer(self, answer):
        event = self.simulation.deployment.current
        if event and event.hook_id and not event.answer:
            event.answer = answer

    @rule()
    @precondition(lambda self: self.simulation.deployment.phase.can_fail)
    def stop(self):
        self.simulation.deployment.stop_asked = True

    def look_again_without_effect(self):
        """The same observation changes nothing a second time: a runner may die between effect and journal."""
        settled = twin(self.simulation.deployment)
        if settled.stop_asked and settled.phase.can_fail:
            return
        observation, rules = self.simulation.observation(), self.simulation.rules
        advance(settled, observation, rules, self.simulation.clock)
        repeated = twin(settled)
        effects = advance(repeated, observation, rules, self.simulation.clock)
        assert repeated == settled
        assert effects == []

    @invariant()
    def shares_are_shares(self):
        assert 0 <= self.simulation.green_share <= 100
        assert sum(self.simulation.production.values()) == 100
        assert all(0 <= share <= 100 for _, share in self.simulation.deployment.weights)

    @invariant()
    def green_gets_nothing_before_traffic_is_allowed(self):
        if self.simulation.deployment.event("AllowTraffic").status in ("Pending", "Skipped"):
            assert not any(self.simulation.shares)

    @invariant()
    def green_gets_nothing_after_a_failure(self):
        if self.simulation.deployment.status in ("Failed", "Stopped"):
            assert self.simulation.green_share == 0
            assert self.simulation.primary == "ecs-svc/1"
            assert self.simulation.sizes["ecs-svc/1"] == 1

    @invariant()
    def an_end_is_announced_once(self):
        ends = [state for key, state in self.simulation.announced if key == "d-FIRST" and state != "START"]
        assert len(ends) == (1 if self.simulation.deployment.status in FINAL_STATUSES else 0)

    @invariant()
    def events_are_over_in_order(self):
        statuses = self.simulation.statuses()
        order = {"Succeeded": 0, "InProgress": 1, "Failed": 1, "Pending": 2, "Skipped": 2}
        assert [order[status] for status in statuses] == sorted(order[status] for status in statuses)
        assert sum(status in ("InProgress", "Failed") for status in statuses) <= 1

    @invariant()
    def a_failure_has_an_error_code(self):
        deployment = self.simulation.deployment
        assert bool(deployment.error_code) == (deployment.status in ("Failed", "Stopped"))


TestAnyHistory = AnyHistory.TestCase
