"""What the runner's snapshots hold is what the rehearsal's story, picture and verdict are made of."""

import io
import json
from types import SimpleNamespace

import pytest
from rich.console import Console

from local.pipeline import snapshot
from local.rehearsal import story, verdict, view
from tests.unit.local.pipeline.machine import GROUPS


@pytest.fixture(name="runner")
def _runner(machine):
    return SimpleNamespace(
        executions=machine.executions,
        deployments=machine.deployments,
        fleet=machine.fleet,
        metrics=machine.metrics,
        clock=machine.clock,
        architecture=machine.architecture,
        settings=SimpleNamespace(approval=True),
        trouble="",
    )


class Watch:
    """`make rehearse` beside a machine."""

    def __init__(self, machine, runner, key):
        self.machine, self.runner, self.key = machine, runner, key
        self.before, self.lines, self.verdict = None, [], None

    def look(self):
        now = json.loads(json.dumps(snapshot.take(self.runner, self.key))) | {"now": self.machine.clock.time}
        self.lines += story.news(self.before, now)
        self.before, self.verdict = now, verdict.judge(now)
        Console(file=io.StringIO(), width=80).print(
            view.draw(now, self.lines, now["execution"]["created"], "Light the lamp")
        )
        return self.verdict

    def to_the_end(self):
        self.machine.until(self.look, "a verdict")
        return self.verdict, [line.text for line in self.lines]


def test_nothing_at_all_is_a_snapshot_too(runner):
    found = snapshot.take(runner)

    assert (found["execution"], found["deployments"], found["ahead"]) == (None, [], [])
    assert [one["name"] for one in found["services"]] == list(GROUPS)
    assert snapshot.take(runner, "of-nobody")["execution"] is None


def test_without_an_id_the_newest_execution_is_shown_and_who_is_before_it(machine, runner):
    first = machine.start()
    machine.clock.time += 1
    second = machine.start()

    found = snapshot.take(runner)

    assert (found["execution"]["id"], found["ahead"]) == (second, [first])
    assert snapshot.take(runner, first)["ahead"] == []


def test_a_good_commit_is_told_from_its_begin_to_its_end(machine, runner):
    key = machine.start()
    watch = Watch(machine, runner, key)
    machine.until(lambda: watch.look() or machine.action(key, "Agree").status == "InProgress")
    machine.approve(key)

    end, told = watch.to_the_end()

    assert end.code == 0
    assert len(told) == len(set(told)), "every line is told once"
    for name in GROUPS:
        assert f"{name}: 10 % of production goes to green, for 5 min in 5 s" in told
        assert any(text.startswith(f"Deploy {name}: succeeded in ") for text in told)
        assert any(text.startswith(f"{name} d-") and text.endswith("deployment succeeded") for text in told)


def test_a_release_that_a_hook_refuses_is_told_and_judged(machine, runner):
    machine.hooks.answer = "Failed"
    key = machine.start()
    machine.approve(key)

    end, told = Watch(machine, runner, key).to_the_end()

    assert (end.code, end.lines[0]) == (
        3,
        "catalog: rolled back in AfterAllowTestTraffic, production never saw it.",
    )
    assert (
        sum("HOOK_EXECUTION_FAILURE" in text for text in told) == 2
    )  # the deployment, and the action after it
    assert told[-1].endswith("rolled back, blue serves all")


def test_a_failed_build_is_judged_with_the_command_that_shows_its_log(machine, runner):
    machine.builds.fails["orders"] = "make: *** [test] Error 1"

    end, _ = Watch(machine, runner, machine.start()).to_the_end()

    assert end.code == 2
    assert end.lines[1] == "  COMMAND_EXECUTION_ERROR: make: *** [test] Error 1"
    assert end.lines[2].startswith("  its log: aws logs get-log-events --log-group-name ")
