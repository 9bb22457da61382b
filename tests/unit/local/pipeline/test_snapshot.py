"""The rehearsal's progress lines, picture and verdict, made from the runner's own snapshots."""

import io
import json

from rich.console import Console

from local.pipeline import snapshot
from local.rehearsal import live_view, progress, verdict
from tests.unit.local.pipeline.stepped_runner import GROUPS


class Watch:
    """`make rehearse` beside a runner."""

    def __init__(self, runner, key):
        self.runner, self.key = runner, key
        self.before, self.lines, self.verdict = None, [], None

    def look(self):
        now = json.loads(json.dumps(snapshot.take(self.runner, self.key))) | {"now": self.runner.clock.time}
        self.lines += progress.new_lines(self.before, now)
        self.before, self.verdict = now, verdict.judge(now)
        Console(file=io.StringIO(), width=80).print(
            live_view.draw(now, self.lines, now["execution"]["created"], "Light the lamp")
        )
        return self.verdict

    def to_the_end(self):
        self.runner.until(self.look, "a verdict")
        return self.verdict, [line.text for line in self.lines]


def test_before_the_first_execution_a_snapshot_has_the_services(runner):
    empty = snapshot.take(runner)

    assert (empty["execution"], empty["deployments"], empty["ahead"]) == (None, [], [])
    assert [service["name"] for service in empty["services"]] == list(GROUPS)
    assert snapshot.take(runner, "unknown")["execution"] is None


def test_without_an_id_a_snapshot_has_the_newest_execution_and_those_ahead_of_it(runner):
    first = runner.start()
    runner.clock.time += 1
    second = runner.start()

    newest = snapshot.take(runner)

    assert (newest["execution"]["id"], newest["ahead"]) == (second, [first])
    assert snapshot.take(runner, first)["ahead"] == []


def test_a_good_commit_has_lines_from_its_begin_to_its_end(runner):
    key = runner.start()
    watch = Watch(runner, key)
    runner.until(lambda: watch.look() or runner.action(key, "Agree").status == "InProgress")
    runner.approve(key)

    end, texts = watch.to_the_end()

    assert end.code == 0
    assert len(texts) == len(set(texts)), "a line came twice"
    for name in GROUPS:
        assert f"{name}: 10 % of production goes to green, for 5 min in 5 s" in texts
        assert any(text.startswith(f"Deploy {name}: succeeded in ") for text in texts)
        assert any(text.startswith(f"{name} d-") and text.endswith("deployment succeeded") for text in texts)


def test_a_release_that_a_hook_refuses_has_lines_and_a_verdict(runner):
    runner.hooks.answer = "Failed"
    key = runner.start()
    runner.approve(key)

    end, texts = Watch(runner, key).to_the_end()

    assert (end.code, end.lines[0]) == (
        3,
        "catalog: rolled back in AfterAllowTestTraffic, production never saw it.",
    )
    assert (
        sum("HOOK_EXECUTION_FAILURE" in text for text in texts) == 2
    )  # the deployment, and the action after it
    assert texts[-1].endswith("rolled back, blue serves all")


def test_the_verdict_on_a_failed_build_names_the_command_that_shows_its_log(runner):
    runner.builds.fails["orders"] = "make: *** [test] Error 1"

    end, _ = Watch(runner, runner.start()).to_the_end()

    assert end.code == 2
    assert end.lines[1] == "  COMMAND_EXECUTION_ERROR: make: *** [test] Error 1"
    assert end.lines[2].startswith("  its log: aws logs get-log-events --log-group-name ")
