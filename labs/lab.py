"""What a lab is made of. Each labs/NN-name/lab.py binds LAB to a Lab; README.md beside it has the tasks."""

from collections.abc import Callable
from dataclasses import dataclass

from labs.workspace import Workspace

DONE, NOT_YET, WRONG, WAIT = "done", "not yet", "wrong", "wait"
STATES = (DONE, NOT_YET, WRONG, WAIT)


@dataclass(frozen=True, slots=True)
class Result:
    """What a check saw of a step. `link` is a page of the console, `look` a command or a place."""

    state: str
    expected: str = ""
    found: str = ""
    look: str = ""
    link: str = ""


def done(found: str = "") -> Result:
    """The step is done; `found` says by what."""
    return Result(DONE, found=found)


def not_yet(expected: str, found: str, look: str, link: str = "") -> Result:
    """Nothing was done about the step so far."""
    return Result(NOT_YET, expected, found, look, link)


def wrong(expected: str, found: str, look: str, link: str = "") -> Result:
    """Something was done, and it is not what the task asks for; `found` names what is wrong."""
    return Result(WRONG, expected, found, look, link)


def wait(awaited: str, found: str, look: str = "", link: str = "") -> Result:
    """It is on its way: `awaited` says what is waited for."""
    return Result(WAIT, awaited, found, look, link)


Hints = tuple[str, str, str]  # where to look, what to look for, the command


@dataclass(frozen=True, slots=True)
class Step:
    """A task. `check` only looks, `solve` does it as a trainee could, `hints` look at the state."""

    name: str
    check: Callable[[Workspace], Result]
    hints: Callable[[Workspace], Hints]
    solve: Callable[[Workspace], None]


@dataclass(frozen=True, slots=True)
class Question:
    """A task that is done by `make answer`. `judge` looks at an answer, `answer` computes the right one."""

    name: str
    judge: Callable[[Workspace, str], Result]
    hints: Callable[[Workspace], Hints]
    answer: Callable[[Workspace], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab; `prepare` makes what its tasks need, and writes down how that is undone before it does so."""

    title: str
    minutes: int
    steps: tuple[Step | Question, ...]
    prepare: Callable[[Workspace], None]
    resume: Callable[[Workspace], None] | None = None  # starts again what a trainee may have stopped
    needs_faults: bool = False
    needs_docker: bool = False
