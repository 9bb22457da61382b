"""The verbs: prepare, check, hint, answer, solve, reset. Each can be killed at any moment and typed again."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from labs import attempts, cleanup, local_commands
from labs.attempts import Attempt, Store
from labs.course import Exercise, Task, find, rendered
from labs.errors import LabError, Refused
from labs.lab import DONE, WAIT, Question, Result, Step, not_yet
from labs.settings import Settings
from labs.shop import Shop
from labs.workspace import Workspace

SOLVED_WITHIN_S = 60.0  # for what a solution did to be seen
POLL_S = 0.5

Say = Callable[[str], None]
Report = list[tuple[Step | Question, Result]]


class Runner:
    """Runs the verbs for the attempts of a store; `say` prints a line."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self._say = settings, say
        self.store = Store(settings.folder)
        self._clients: dict[str, Any] = {}  # boto3's, of all views: to make one takes long

    def addresses(self) -> dict[str, str]:
        """The addresses that the pages name, and those that are in use."""
        in_use = self.settings
        return {
            "http://127.0.0.1:8080": in_use.storefront,
            "http://127.0.0.1:8081": in_use.catalog,
            "http://127.0.0.1:8082": in_use.orders,
            "http://127.0.0.1:8000": in_use.console,
            "http://127.0.0.1:8090": in_use.rehearsed,
            "http://127.0.0.1:4567": in_use.pipeline,
        }

    def workspace(self, attempt: Attempt) -> Workspace:
        """A view of the world that has read nothing yet."""
        return Workspace(self.settings, self.store, attempt, self._clients)

    def opened(self) -> tuple[Attempt, Exercise]:
        """The open attempt, prepared. Raises Refused."""
        attempt = self.store.attempt()
        if attempt is None:
            raise Refused("No lab is open: make labs lists them, make lab LAB=00 begins one")
        exercise = find(attempt.lab)
        if self.settings.lab and find(self.settings.lab) != exercise:
            raise Refused(
                f"LAB={self.settings.lab}: lab {attempt.lab} is open; "
                f"make lab LAB={self.settings.lab} changes to it"
            )
        if not attempt.is_prepared:
            raise Refused(
                f"Lab {attempt.lab} was not prepared to its end: make lab LAB={attempt.lab} does it"
            )
        return attempt, exercise

    def begin(self) -> Attempt:
        """Prepare the lab that LAB names, or go on with it, and say its task. Raises LabError."""
        exercise = find(self.settings.lab)
        with self.store.locked():
            attempt = self.store.attempt()
            is_open = attempt is not None and find(attempt.lab) == exercise and attempt.is_prepared
            if attempt is None or not is_open or self.settings.seed not in (-1, attempt.seed):
                attempt = self._prepare(exercise, attempt)
            else:
                since = time.strftime("%H:%M:%S", time.localtime(attempt.began))
                self._say(f"Lab {attempt.lab} is open since {since}; make reset puts it back.")
                self._open_shop(exercise)
                if exercise.lab.resume:
                    exercise.lab.resume(self.workspace(attempt))
        self._require_looks()
        self._introduce(exercise, attempt)
        return attempt

    def look(self) -> Report:
        """Each step with its result. Raises LabError."""
        attempt, exercise = self.opened()
        self._require_looks()
        work = self.workspace(attempt)
        report = [(step, result_of(work, step)) for step in exercise.lab.steps]
        if all(result.state == DONE for _, result in report):
            self._mark_solved(attempt)
        return report

    def answer(self) -> Result:
        """Keep VALUE as the answer to the first question that has none, and say if it is right."""
        attempt, exercise = self.opened()
        if not self.settings.value:
            raise Refused("VALUE is not set: make answer VALUE=…")
        self._require_looks()
        work = self.workspace(attempt)
        pending = (step for step in exercise.lab.steps if result_of(work, step).state != DONE)
        question = next((step for step in pending if isinstance(step, Question)), None)
        if question is None:
            raise Refused("No question is open: make check says what is")
        result = question.judge(work, self.settings.value.strip())
        with self.store.locked():
            attempt.answers.setdefault(question.name, []).append(self.settings.value.strip())
            self.store.save(attempt)
        return result

    def hint(self) -> tuple[str, int, str]:
        """The title of the first task that is not done, the level of the hint, and its text."""
        attempt, exercise = self.opened()
        self._require_looks()
        work = self.workspace(attempt)
        for task, step in zip(exercise.tasks(), exercise.lab.steps, strict=True):
            if result_of(work, step).state == DONE:
                continue
            level = min(attempt.hints.get(step.name, 0) + 1, 3)
            text = step.hints(work)[level - 1]
            with self.store.locked():
                attempt.hints[step.name] = level
                self.store.save(attempt)
            return task.title, level, rendered(text, attempt.facts, self.addresses())
        raise Refused("Every step is done; there is nothing to hint at")

    def solve(self) -> None:
        """Do every step that is not done. Raises LabError when one is not done by that."""
        attempt, exercise = self.opened()
        self._require_looks()
        with self.store.locked():
            attempt.is_shown = True
            self.store.save(attempt)
            for task, step in zip(exercise.tasks(), exercise.lab.steps, strict=True):
                self._solve_step(attempt, task, step)
            self._mark_solved(attempt)

    def reset(self) -> None:
        """Undo what the attempt has made, and forget it. Raises LabError when something is left."""
        with self.store.locked():
            attempt = self.store.attempt()
            if attempt is None:
                self._say("No lab is open; nothing was changed.")
                return
            self._clean(attempt)

    def tasks(self, exercise: Exercise, attempt: Attempt) -> list[Task]:
        """The tasks with this attempt's facts and addresses."""
        return [
            replace(task, text=rendered(task.text, attempt.facts, self.addresses()))
            for task in exercise.tasks()
        ]

    def _prepare(self, exercise: Exercise, before: Attempt | None) -> Attempt:
        seed = self.settings.seed
        if before is not None:
            self._clean(before)
            is_again = find(before.lab) == exercise and not before.is_prepared
            seed = before.seed if is_again and seed < 0 else seed
        self._open_shop(exercise)
        attempt = attempts.begin(exercise.number, seed)
        self.store.save(attempt)
        self._say(f"Preparing lab {exercise.number} (seed {attempt.seed})")
        exercise.lab.prepare(self.workspace(attempt))
        attempt.is_prepared = True
        self.store.save(attempt)
        progress = self.store.progress().get(exercise.number, attempts.Progress())
        self.store.save_progress(exercise.number, replace(progress, attempts=progress.attempts + 1))
        return attempt

    def _open_shop(self, exercise: Exercise) -> None:
        """See that the shop is up, and takes faults where the lab needs it."""
        shop = self.workspace(Attempt("", "", 0, 0)).shop
        if exercise.lab.needs_docker:
            self._open_shop_of_containers(shop)
        elif not shop.is_up():
            self._say("The shop is not running, so it is started: make up FAULTS=on")
            local_commands.stack("up", FAULTS="on")
        elif exercise.lab.needs_faults and not shop.takes_faults():
            mode = re.search(r"runs as (\w+)", local_commands.status())
            self._say(
                "This lab breaks the shop on purpose, which a shop without FAULTS=on refuses. "
                "It is started again with it; orders and traces are kept."
            )
            local_commands.stack("down")
            local_commands.stack("up", FAULTS="on", **({"MODE": mode[1]} if mode else {}))

    def _open_shop_of_containers(self, shop: Shop) -> None:
        is_up = shop.is_up()
        if is_up and "runs as processes" in local_commands.status():
            self._say("This lab needs the shop in containers, and it runs as processes: make down, make up")
            local_commands.stack("down")
            is_up = False
        if not is_up:
            self._say("The shop is started: make up MODE=containers")
            local_commands.stack("up", MODE="containers")

    def _introduce(self, exercise: Exercise, attempt: Attempt) -> None:
        lab, work = exercise.lab, self.workspace(attempt)
        self._say(f"\nLab {exercise.number}: {lab.title} ({lab.minutes} minutes)")
        self._say(f"The whole text: {exercise.folder / 'README.md'}")
        tasks = self.tasks(exercise, attempt)
        for n, (task, step) in enumerate(zip(tasks, lab.steps, strict=True), 1):
            if result_of(work, step).state != DONE:
                self._say(f"\nTask {n} of {len(lab.steps)}: {task.title}\n\n{task.text}\n")
                self._say("Then: make check. Stuck: make hint.")
                return
        self._say("\nEvery step is done. make reset puts the shop back.")

    def _solve_step(self, attempt: Attempt, task: Task, step: Step | Question) -> None:
        work = self.workspace(attempt)
        if result_of(work, step).state == DONE:
            return
        if isinstance(step, Question):
            value = step.answer(work)
            attempt.answers.setdefault(step.name, []).append(value)
            self.store.save(attempt)
            self._say(f"{task.title}: make answer VALUE={value}")
        else:
            self._say(f"{task.title}: doing it")
            step.solve(work)
        deadline = time.monotonic() + SOLVED_WITHIN_S
        while (result := result_of(self.workspace(attempt), step)).state != DONE:
            if time.monotonic() > deadline:
                raise LabError(
                    f"{task.title}: the solution did not do it. "
                    f"Expected: {result.expected}. Found: {result.found}"
                )
            time.sleep(POLL_S)

    def _clean(self, attempt: Attempt) -> None:
        work = self.workspace(attempt)
        if attempt.undo:
            self._say(f"Putting back what lab {attempt.lab} has made")
        while attempt.undo:
            entry = attempt.undo[-1]
            cleanup.undo(work, entry)
            if cleanup.is_left(work, entry):
                raise LabError(f"{cleanup.described(entry)} is still there; make reset tries again")
            attempt.undo.pop()
            self.store.save(attempt)
            self._say(f"  {cleanup.described(entry)}: gone")
        self.store.forget()

    def _mark_solved(self, attempt: Attempt) -> None:
        progress = self.store.progress().get(attempt.lab, attempts.Progress())
        if progress.solved_at > attempt.began:
            return
        hints = sum(attempt.hints.values())
        solved = replace(
            progress, solved_at=time.time(), is_shown=attempt.is_shown, seed=attempt.seed, hints=hints
        )
        self.store.save_progress(attempt.lab, solved)

    def _require_looks(self) -> None:
        """Raise NotThere unless shop and X-Ray answer."""
        work = self.workspace(Attempt("", "", 0, time.time()))
        work.shop.ask("/healthz")
        work.client("xray").get_groups()


def result_of(work: Workspace, step: Step | Question) -> Result:
    """What a step's check says; a question is judged by its last answer."""
    if isinstance(step, Step):
        return step.check(work)
    values = work.attempt.answers.get(step.name)
    if not values:
        return not_yet("an answer", "none so far", "make answer VALUE=…; make hint helps")
    return step.judge(work, values[-1])


def exit_code(report: Report) -> int:
    """0 solved, 1 not solved, 3 the first step that is not done is waited for."""
    state = next((result.state for _, result in report if result.state != DONE), DONE)
    return {DONE: 0, WAIT: 3}.get(state, 1)
