"""Every lab: unsolved each step fails, a wrong mend is told, solved it passes, reset leaves nothing."""

import contextlib
import os
import resource
import signal
import subprocess

import pytest

from labs.course import exercises
from labs.lab import DONE, WRONG, Question
from labs.runner import exit_code, result_of
from tests.api.labs.laptop import blocks
from tests.api.labs.mutants import MUTANTS

LABS = [  # those that need Docker share the rehearsal of tests/containers
    pytest.param(exercise, id=exercise.folder.name)
    for exercise in exercises()
    if not exercise.lab.needs_docker
]
CHECKED_WITHIN_S = 2.0
# words that a page leaves to the trainee
BLANKS = {"02": {"SKU": "bad"}}
# these are done by what the page shows; the others leave something to find
DONE_BY_PAGE = {("00", "purchase"), ("01", "quick"), ("02", "mended"), ("06", "calm")}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def _put_back(laptop):
    yield
    laptop.runner().reset()


def begin(laptop, exercise, seed):
    runner = laptop.runner(LAB=exercise.number, SEED=str(seed))
    return runner, runner.begin()


def states(report):
    return {step.name: result.state for step, result in report}


@pytest.mark.parametrize("exercise", LABS)
def test_lab(laptop, exercise):
    """Prepare, fail, solve, reset; then with another seed: wrong mends, the page's commands, solve, reset."""
    before = laptop.inventory()
    assert (before["faults"], before["folders"], before["attempt"]) == (set(), set(), False)

    runner, _ = begin(laptop, exercise, 1)
    fails_for_its_own_reason(laptop, runner)
    passes_when_solved(runner)
    runner.reset()
    assert laptop.inventory() == before

    runner, _ = begin(laptop, exercise, 2)
    for step in exercise.lab.steps:
        tells_wrong_from_right(laptop, step, MUTANTS[exercise.number][step.name])
        hints_are_three(runner)
        does_what_the_page_shows(laptop, exercise, step)
        solve_step(runner, exercise, step)
    passes_when_solved(runner)
    laptop.shell("make reset")
    assert laptop.inventory() == before


def fails_for_its_own_reason(laptop, runner):
    report = runner.look()
    assert DONE not in states(report).values(), laptop.explained(report)
    assert exit_code(report) == 1
    for step, result in report:
        assert result.expected, step.name
        assert result.found, step.name
        assert result.look, step.name
    deeds = [result.expected for step, result in report if not isinstance(step, Question)]
    assert len(deeds) == len(set(deeds))


def passes_when_solved(runner):
    runner.solve()
    report = runner.look()
    assert set(states(report).values()) == {DONE}
    assert exit_code(report) == 0
    assert runner.store.progress()[runner.opened()[1].number].is_shown


def tells_wrong_from_right(laptop, step, mutant):
    runner = laptop.runner()
    attempt, _ = runner.opened()
    value = mutant.attempt(runner.workspace(attempt))
    attempt, _ = runner.opened()
    if isinstance(step, Question):
        result = laptop.runner(VALUE=value).answer()
    else:
        result = result_of(runner.workspace(attempt), step)
    assert result.state == WRONG, (step.name, result)
    assert mutant.says in result.found, (step.name, result)


def does_what_the_page_shows(laptop, exercise, step):
    runner = laptop.runner()
    attempt, _ = runner.opened()
    position = exercise.lab.steps.index(step)
    text = runner.tasks(exercise, attempt)[position].text
    for script in blocks(text):
        for blank, fact in BLANKS.get(exercise.number, {}).items():
            script = script.replace(blank, str(attempt.facts[fact]))
        laptop.shell(script)
    if (exercise.number, step.name) in DONE_BY_PAGE:
        runner.workspace(attempt).until(
            lambda work: result_of(work, step).state == DONE, f"{step.name} by the page's commands"
        )


def hints_are_three(runner):
    hints = [runner.hint() for _ in range(4)]
    assert [level for _, level, _ in hints] == [1, 2, 3, 3]
    assert len({text for _, _, text in hints}) == 3


def solve_step(runner, exercise, step):
    attempt, _ = runner.opened()
    task = exercise.tasks()[exercise.lab.steps.index(step)]
    runner._solve_step(attempt, task, step)


@pytest.mark.parametrize("command", ["make lab LAB=02 SEED=5", "make solve", "make reset"])
def test_killed_at_any_moment_the_next_command_goes_on(laptop, command):
    before = laptop.inventory()
    if not command.startswith("make lab"):
        laptop.shell("make lab LAB=02 SEED=5")
    for seconds in (0.3, 0.6, 1.0):
        killed_after(laptop, command, seconds)

    laptop.shell("make lab LAB=02")
    assert laptop.runner().opened()[0].is_prepared
    laptop.shell("make solve")
    laptop.shell("make reset")
    assert laptop.inventory() == before


def processor_s():
    """The processor time of the commands so far; the clock says more about who else is at work."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def killed_after(laptop, command, seconds):
    process = subprocess.Popen(
        command.split(), env=laptop.environ, stdout=subprocess.DEVNULL, start_new_session=True
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_check_answers_at_once_and_says_by_its_exit_code_how_it_is(laptop):
    laptop.shell("make labs")
    assert "No lab is open" in laptop.shell("make check", code=2)
    laptop.shell("make lab LAB=00 SEED=3")
    before_s = processor_s()
    printed = laptop.shell("make check", code=1)
    assert processor_s() - before_s < CHECKED_WITHIN_S
    assert "Task 1, Buy something: not yet" in printed
    laptop.shell("make solve")
    assert "Solved." in laptop.shell("make check")
    laptop.shell("make reset")
