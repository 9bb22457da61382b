"""`python -m labs list|lab|check|hint|answer|solve|reset`: the commands behind the Make targets of the labs.

Exit codes: 0 solved or done; 1 not solved, or a wrong answer; 2 it could not look, or was refused; 3 wait.
"""

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labs.course import exercises
from labs.errors import LabError, Refused
from labs.lab import DONE, NOT_YET, WAIT, Result
from labs.runner import Report, Runner, exit_code
from labs.settings import Settings
from settings import SettingsError, load

MARKS = {DONE: "[x]", "not yet": "[ ]", "wrong": "[!]", WAIT: "[~]"}
WAITS_S, POLL_S, WATCH_EVERY_S = 20.0, 0.5, 2.0


def list_labs(runner: Runner) -> int:
    """Print every lab with its minutes and how far the trainee got."""
    progress, attempt = runner.store.progress(), runner.store.attempt()
    rows: list[dict[str, Any]] = []
    for exercise in exercises():
        lab, reached = exercise.lab, progress.get(exercise.number)
        state = "open" if attempt and attempt.lab == exercise.number else ""
        if reached and reached.solved_at:
            state = "solved, shown" if reached.is_shown else "solved"
        rows.append(
            {
                "lab": exercise.number,
                "title": lab.title,
                "minutes": lab.minutes,
                "docker": lab.needs_docker,
                "state": state,
                "progress": dataclasses.asdict(reached) if reached else None,
            }
        )
    if runner.settings.is_json:
        print(json.dumps({"labs": rows}, indent=1))
        return 0
    for row in rows:
        docker = "Docker" if row["docker"] else ""
        print(
            f"{row['lab']}  {row['title']:<58} {row['minutes']:>3} min  {docker:<7} {row['state']}".rstrip()
        )
    print("Begin: make lab LAB=00")
    return 0


def begin(runner: Runner) -> int:
    """Prepare the lab that LAB names and print its first task."""
    if not runner.settings.lab:
        attempt = runner.store.attempt()
        if attempt is None:
            raise Refused("LAB is not set: make labs lists the labs, make lab LAB=00 begins the first")
        runner.settings = dataclasses.replace(runner.settings, lab=attempt.lab)
    runner.begin()
    return 0


def check(runner: Runner) -> int:
    """Print how each step is, and explain the first that is not done."""
    if runner.settings.is_json:
        report = runner.look()
        print(json.dumps(_as_json(runner, report), indent=1))
        return exit_code(report)
    if runner.settings.watches:
        return _watch(runner)
    report, deadline = runner.look(), time.monotonic() + WAITS_S
    if exit_code(report) == 3:
        awaited = next(result for _, result in report if result.state == WAIT)
        print(f"Waiting, at most {WAITS_S:.0f} s, for {awaited.expected}")
    while exit_code(report) == 3 and time.monotonic() < deadline:
        time.sleep(POLL_S)
        report = runner.look()
    print("\n".join(_as_text(runner, report)))
    return exit_code(report)


def _watch(runner: Runner) -> int:
    shown: list[str] = []
    while True:
        report = runner.look()
        lines = _as_text(runner, report)
        if lines != shown:
            print("\n".join(["", time.strftime("%H:%M:%S"), *lines]), flush=True)
            shown = lines
        if exit_code(report) == 0:
            return 0
        time.sleep(WATCH_EVERY_S)


def _as_text(runner: Runner, report: Report) -> list[str]:
    attempt, exercise = runner.opened()
    tasks = runner.tasks(exercise, attempt)
    lines, pending = [f"Lab {exercise.number}: {exercise.lab.title}"], -1
    for n, (task, (_, result)) in enumerate(zip(tasks, report, strict=True)):
        detail = f": {result.found}" if result.state == DONE and result.found else ""
        lines.append(f"  {MARKS[result.state]} {n + 1}. {task.title}{detail}")
        if pending < 0 and result.state != DONE:
            pending = n
    if pending < 0:
        return [
            *lines,
            f"Solved. {exercise.folder / 'solution.md'} says how and why. make reset puts the shop back.",
        ]
    task, result = tasks[pending], report[pending][1]
    lines += ["", f"Task {pending + 1}, {task.title}: {result.state}"]
    return [*lines, *(["", task.text, ""] if result.state == NOT_YET else []), *_explained(result)]


def _explained(result: Result) -> list[str]:
    entries = {
        "expected": result.expected,
        "found": result.found,
        "look": result.look,
        "page": result.link,
    }
    return [f"  {name + ':':<9} {text}" for name, text in entries.items() if text]


def _as_json(runner: Runner, report: Report) -> dict[str, Any]:
    attempt, exercise = runner.opened()
    tasks = runner.tasks(exercise, attempt)
    return {
        "lab": exercise.number,
        "title": exercise.lab.title,
        "attempt": attempt.id,
        "seed": attempt.seed,
        "began": attempt.began,
        "solved": exit_code(report) == 0,
        "shown": attempt.is_shown,
        "hints": sum(attempt.hints.values()),
        "answers": sum(len(values) for values in attempt.answers.values()),
        "steps": [
            {"name": step.name, "title": task.title, "task": task.text, **dataclasses.asdict(result)}
            for task, (step, result) in zip(tasks, report, strict=True)
        ],
    }


def hint(runner: Runner) -> int:
    """Print the next hint, of three, for the first step that is not done."""
    title, level, text = runner.hint()
    print(f"{title}, hint {level} of 3:\n  {text}")
    if level == 3:
        print("Still stuck: make solve does it, and solution.md beside the lab's README.md explains it.")
    return 0


def answer(runner: Runner) -> int:
    """Keep VALUE as an answer and print if it is right."""
    result = runner.answer()
    if result.state == DONE:
        print(f"Right: {result.found or runner.settings.value}")
        if not runner.settings.is_json:
            check(runner)
        return 0
    print("\n".join(["Not right.", *_explained(result)]))
    return 3 if result.state == WAIT else 1


def solve(runner: Runner) -> int:
    """Do what is not done; the lab is marked as shown."""
    runner.solve()
    print("\n".join(_as_text(runner, runner.look())))
    return 0


def reset(runner: Runner) -> int:
    """Put back what the lab has changed."""
    runner.reset()
    print("The shop is as before the lab. make labs lists the next.")
    return 0


COMMANDS: dict[str, Callable[[Runner], int]] = {
    "list": list_labs,
    "lab": begin,
    "check": check,
    "hint": hint,
    "answer": answer,
    "solve": solve,
    "reset": reset,
}


def main() -> int:
    """Run the command that is named."""
    parser = argparse.ArgumentParser(prog="python -m labs", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args().command
    try:
        return COMMANDS[command](Runner(load(Settings), lambda line: print(line, flush=True)))
    except (LabError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"AWS's API does not answer ({error}): make status says how the shop is", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # make labs | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
