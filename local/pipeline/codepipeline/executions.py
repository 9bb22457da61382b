"""The queue of the pipeline's executions: starts them, stops them, and moves them on in their order."""

import math
import threading
from collections.abc import Callable

from local.pipeline.architecture import Architecture
from local.pipeline.clock import Clock
from local.pipeline.codecommit.repository import Repository
from local.pipeline.codepipeline import execution_machine as machine
from local.pipeline.codepipeline.actions import Actions
from local.pipeline.codepipeline.errors import (
    ApprovalAlreadyCompletedException,
    DuplicatedStopRequestException,
    InvalidApprovalTokenException,
    PipelineExecutionNotFoundException,
    PipelineExecutionNotStoppableException,
)
from local.pipeline.codepipeline.execution_machine import (
    FINAL_STATUSES,
    Effect,
    EffectKind,
    Execution,
    Result,
)
from local.pipeline.codepipeline.state_changes import state_change
from local.pipeline.identifiers import execution_id
from local.pipeline.journal import Journal, Records


def execution_records(journal: Journal) -> Records[Execution]:
    """Return the executions in a journal."""
    return Records(journal, "execution", Execution, lambda execution: execution.status in FINAL_STATUSES)


class Executions:
    """`look` and `resume` are called by one thread; the API's threads call the rest."""

    def __init__(
        self,
        *,
        architecture: Architecture,
        journal: Journal,
        repository: Repository,
        actions: Actions,
        clock: Clock,
    ) -> None:
        self._architecture, self._journal, self._repository = architecture, journal, repository
        self._actions, self._clock = actions, clock
        self._records = execution_records(journal)
        self._lock = threading.RLock()

    # --- for the API

    def start(
        self,
        commit: str = "",
        *,
        trigger_type: str = "StartPipelineExecution",
        trigger_detail: str = "laptop",
    ) -> Execution:
        """Start an execution of a commit, by default the branch's newest one. Raises RepositoryError."""
        source = self._repository.commit(commit or self._architecture.branch)
        execution = Execution(
            id=execution_id(),
            pipeline=self._architecture.pipeline["Name"],
            stages=machine.pending_stages(self._architecture.pipeline),
            commit=source.id,
            summary=source.summary,
            author=source.author,
            authored=source.authored,
            trigger_type=trigger_type,
            trigger_detail=trigger_detail,
            created=self._clock.now(),
            scale=self._clock.scale,
        )
        with self._lock, self._journal.transaction():
            self._apply(execution, [Effect(EffectKind.ANNOUNCE, "STARTED")])
            self._put(execution)
        return execution

    def all(self) -> list[Execution]:
        """Return every execution, oldest first."""
        return self._records.all()

    def unfinished(self) -> list[Execution]:
        """Return the executions that are not over, oldest first."""
        return self._records.unfinished()

    def newest(self) -> Execution | None:
        """Return the execution that was started last, or None."""
        return self._records.newest()

    def get(self, key: str) -> Execution:
        """Return an execution by its id. Raises PipelineExecutionNotFoundException."""
        if execution := self._records.get(key):
            return execution
        raise PipelineExecutionNotFoundException(f"The pipeline has no execution with the id {key}")

    def stop(self, key: str, reason: str, *, abandon: bool) -> None:
        """Ask for a stop after the actions that run, or abandon them. Raises the API's errors."""
        with self._lock, self._journal.transaction():
            execution = self.get(key)
            if execution.status in FINAL_STATUSES:
                raise PipelineExecutionNotStoppableException(
                    f"The execution {key} is already {execution.status}"
                )
            # a stop that waits may still be turned into one that abandons
            if execution.stop_asked and (execution.abandon or not abandon):
                raise DuplicatedStopRequestException(f"The execution {key} is already being stopped")
            self._apply(execution, machine.request_stop(execution, reason, abandon=abandon))
            self._put(execution)

    def approve(self, *, stage: str, action: str, token: str, status: str, summary: str) -> float:
        """Answer an approval with Approved or Rejected; return when that was. Raises the API's errors."""
        with self._lock, self._journal.transaction():
            for execution in self.all():
                for candidate in execution.stages:
                    for approval in candidate.actions:
                        names = (candidate.name, approval.name, approval.token)
                        if names != (stage, action, token) or not token:
                            continue
                        if approval.status != "InProgress":
                            raise ApprovalAlreadyCompletedException("The approval has been answered")
                        now, approved = self._clock.now(), status == "Approved"
                        effects = machine.answer_approval(
                            candidate, approval, summary, now, approved=approved
                        )
                        self._apply(execution, effects)
                        self._put(execution)
                        return now
        raise InvalidApprovalTokenException("No approval waits for this token; get-pipeline-state shows it")

    # --- for the thread that moves everything on

    def resume(self) -> None:
        """After a restart, let the work of the earlier runner's actions begin again."""
        self._actions.resume()

    def look(self) -> None:
        """Move every execution on, the oldest first. A stage holds one execution; none overtakes another."""
        stage_before: float = math.inf
        for unfinished in self.unfinished():
            with self._lock, self._journal.transaction():
                execution = self.get(unfinished.id)
                is_over = execution.status in FINAL_STATUSES
                if not is_over and (execution.stage < stage_before or execution.stop_asked):
                    self._apply(
                        execution, machine.advance(execution, self._results(execution), self._clock.now())
                    )
                self._put(execution)
            if execution.status not in FINAL_STATUSES:
                stage_before = min(stage_before, execution.stage)

    def close(self) -> None:
        """Begin no more actions."""
        self._actions.close()

    def _results(self, execution: Execution) -> dict[str, Result]:
        """The results of the actions that run, by action id."""
        actions = execution.next.actions if execution.next else []
        results = {
            action.id: self._actions.result(execution, action)
            for action in actions
            if action.status == "InProgress"
        }
        return {action_id: result for action_id, result in results.items() if result}

    def _apply(self, execution: Execution, effects: list[Effect]) -> None:
        now = self._clock.now()
        for effect in effects:
            action = effect.action
            if effect.kind == EffectKind.ANNOUNCE:
                self._journal.announce(state_change(execution, effect.stage, action, effect.state, now))
            elif effect.kind == EffectKind.BEGIN and action:
                action.id = execution_id()
                self._actions.begin(execution, action, self._progress(execution.id, action.id))
            elif effect.kind == EffectKind.ABANDON and action:
                self._actions.abandon(action)

    def _progress(self, key: str, action_id: str) -> Callable[[str], None]:
        """A function that adds a step to the progress of an action; the action's own thread calls it."""

        def note(step: str) -> None:
            with self._lock, self._journal.transaction():
                execution = self.get(key)
                for stage in execution.stages:
                    for action in stage.actions:
                        if action.id == action_id:
                            action.progress.append(step)
                self._put(execution)

        return note

    def _put(self, execution: Execution) -> None:
        self._records.put(execution.id, execution)
