"""The verbs on a lab without a shop, whose traces are files of a folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from labs import cleanup
from labs.attempts import Attempt
from labs.course import Exercise
from labs.errors import LabError, Refused
from labs.lab import DONE, NOT_YET, WRONG, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.runner import Runner, exit_code
from labs.settings import Settings

README = "# Toy\n\n## 1. Make a file\n\nMake <name>.\n\n## 2. Say its name\n\n`make answer VALUE=…`\n"


class Killed(BaseException):
    """As kill -9: nothing handles it."""


class Toy:
    """A lab that makes a folder; its first task is a file in it, its second the file's name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.prepared = folder / "made", 0
        self.dies = ""
        self.lab = Lab(
            title="Toy",
            minutes=1,
            prepare=self.prepare,
            steps=(
                Step("file", self.check, lambda work: ("a", "b", "make <name>"), self.solve),
                Question("name", self.judge, lambda work: ("a", "b", "c"), lambda work: work.facts["name"]),
            ),
        )

    def prepare(self, work):
        self.prepared += 1
        work.facts["name"] = work.random("name").choice(("x", "y"))
        work.undo_later("folder", path=str(self.folder))
        self.folder.mkdir()
        self.die("prepare")

    def check(self, work):
        files = [path.name for path in self.folder.iterdir()]
        if not files:
            return not_yet("a file", "none", "the folder")
        return done() if files == [work.facts["name"]] else wrong("that file", files[0], "the folder")

    def judge(self, work, value):
        return done() if value == work.facts["name"] else wrong("its name", value, "the folder")

    def solve(self, work):
        (self.folder / work.facts["name"]).touch()
        self.die("solve")

    def die(self, at):
        if self.dies == at:
            self.dies = ""
            raise Killed


@pytest.fixture(name="toy")
def _toy(tmp_path):
    return Toy(tmp_path)


@pytest.fixture(name="runner")
def _runner(tmp_path, toy, monkeypatch):
    (tmp_path / "00-toy").mkdir()
    (tmp_path / "00-toy" / "README.md").write_text(README)
    exercise = Exercise(tmp_path / "00-toy")
    exercise.__dict__["module"] = type("module", (), {"LAB": toy.lab})
    monkeypatch.setattr("labs.runner.find", lambda key: exercise)
    monkeypatch.setattr(Runner, "_open_shop", lambda self, exercise: None)
    monkeypatch.setattr(Runner, "_require_looks", lambda self: None)
    return Runner(Settings(lab="00", folder=tmp_path / "labs"), lambda line: None)


def states(runner):
    return [result.state for _, result in runner.look()]


def answer(runner, value):
    return Runner(replace(runner.settings, value=value), lambda line: None).answer()


def test_a_lab_is_prepared_solved_step_by_step_and_put_back(runner, toy):
    runner.begin()
    assert states(runner) == [NOT_YET, NOT_YET]
    (toy.folder / runner.store.attempt().facts["name"]).touch()
    assert answer(runner, "z").state == WRONG
    assert states(runner) == [DONE, WRONG]
    assert answer(runner, runner.store.attempt().facts["name"]).state == DONE
    assert states(runner) == [DONE, DONE]
    assert not runner.store.progress()["00"].is_shown
    runner.reset()
    assert not toy.folder.exists()
    assert runner.store.attempt() is None


def test_the_same_lab_again_goes_on_and_another_seed_begins_anew(runner, toy):
    first = runner.begin()
    assert runner.begin().id == first.id
    assert toy.prepared == 1
    anew = Runner(replace(runner.settings, seed=first.seed + 1), lambda line: None).begin()
    assert anew.id != first.id
    assert toy.prepared == 2


def test_killed_while_it_prepares_the_next_command_undoes_and_prepares_with_the_same_seed(runner, toy):
    toy.dies = "prepare"
    with pytest.raises(Killed):
        runner.begin()
    begun = runner.store.attempt()
    with pytest.raises(Refused, match="not prepared to its end"):
        runner.look()

    assert runner.begin().seed == begun.seed
    assert states(runner) == [NOT_YET, NOT_YET]


def test_killed_while_it_solves_the_next_solve_goes_on(runner, toy):
    runner.begin()
    toy.dies = "solve"
    with pytest.raises(Killed):
        runner.solve()
    assert runner.store.attempt().is_shown

    runner.solve()
    assert states(runner) == [DONE, DONE]
    assert runner.store.progress()["00"].is_shown


def test_killed_between_two_entries_a_reset_goes_on_with_the_next(runner, toy, tmp_path, monkeypatch):
    attempt = runner.begin()
    (tmp_path / "second").mkdir()
    runner.workspace(attempt).undo_later("folder", path=str(tmp_path / "second"))
    undo = cleanup.undo

    def undo_one(work, entry):
        if entry["path"] != str(tmp_path / "second"):
            raise Killed
        undo(work, entry)

    monkeypatch.setattr(cleanup, "undo", undo_one)
    with pytest.raises(Killed):
        runner.reset()
    assert [entry["path"] for entry in runner.store.attempt().undo] == [str(toy.folder)]
    monkeypatch.setattr(cleanup, "undo", undo)
    runner.reset()
    assert not toy.folder.exists()


def test_what_cannot_be_undone_stays_on_the_list(runner, monkeypatch):
    runner.begin()
    monkeypatch.setattr(cleanup, "undo", lambda work, entry: None)

    with pytest.raises(LabError, match="is still there; make reset tries again"):
        runner.reset()
    assert runner.store.attempt().undo


def test_hints_go_up_to_the_third_and_are_of_the_first_open_step(runner):
    runner.begin()
    name = runner.store.attempt().facts["name"]

    assert [runner.hint() for _ in range(4)][2:] == [("Make a file", 3, f"make {name}")] * 2
    runner.solve()
    with pytest.raises(Refused, match="nothing to hint at"):
        runner.hint()


def test_without_an_open_lab_each_verb_says_so(runner):
    for verb in (runner.look, runner.hint, runner.solve):
        with pytest.raises(Refused, match="No lab is open"):
            verb()
    runner.reset()


def test_exit_codes_are_of_the_first_step_that_is_not_done(toy):
    step = toy.lab.steps[0]
    results: list[tuple[Result, int]] = [(done(), 0), (wait("a", "b"), 3), (wrong("a", "b", "c"), 1)]

    assert [exit_code([(step, done()), (step, result)]) for result, _ in results] == [
        code for _, code in results
    ]
    assert exit_code([(step, not_yet("a", "b", "c")), (step, wait("a", "b"))]) == 1


def test_an_entry_of_no_known_kind_is_refused(runner):
    with pytest.raises(LabError, match="kind=table: expected one of fault"):
        cleanup.undo(runner.workspace(Attempt("", "", 0, 0.0)), {"kind": "table"})
