"""What is gathered of pipeline executions and deployments, piece by piece, until it is a record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dora.records import FAILED, RUNNING, STOPPED, Commit, Deployment, Note


@dataclass(slots=True)
class Action:
    """One action of a pipeline execution; its name is its service's where it builds or deploys one."""

    name: str
    category: str
    status: str = RUNNING
    started_at: float | None = None
    ended_at: float | None = None
    external_id: str = ""
    error: str = ""


@dataclass(slots=True)
class Execution:
    """One run of a pipeline."""

    id: str
    pipeline: str
    status: str = RUNNING
    started_at: float | None = None
    ended_at: float | None = None
    revision: str = ""
    message: str = ""  # of the commit, as far as the source tells it
    branch: str = ""
    is_rollback: bool = False
    scale: float = 1.0
    actions: dict[str, Action] = field(default_factory=dict)

    def span_s(self, category: str) -> float | None:
        """From the first such action's begin to the last one's end."""
        mine = [one for one in self.actions.values() if one.category == category]
        begins = [one.started_at for one in mine if one.started_at is not None]
        ends = [one.ended_at for one in mine if one.ended_at is not None]
        return max(ends) - min(begins) if begins and ends else None

    def failed(self) -> Action | None:
        """The action that ended it."""
        return next((one for one in self.actions.values() if one.status == FAILED), None)


@dataclass(slots=True)
class Attempt:
    """One CodeDeploy deployment."""

    id: str
    service: str = ""
    status: str = RUNNING
    started_at: float | None = None
    exposed_at: float | None = None
    live_at: float | None = None
    ended_at: float | None = None
    restored_at: float | None = None
    is_rollback: bool = False
    rollback_of: str = ""
    error: str = ""
    knows_traffic: bool = True
    scale: float = 1.0


def assemble(
    executions: Iterable[Execution],
    attempts: Iterable[Attempt],
    commits: Mapping[str, Commit],
    notes: list[Note],
    source: str,
) -> list[Deployment]:
    """Deployments of all services, those that never got as far as CodeDeploy included."""
    by_deployment: dict[str, Execution] = {}
    executions = list(executions)
    for execution in executions:
        for action in execution.actions.values():
            if action.category == "Deploy" and action.external_id:
                by_deployment[action.external_id] = execution
    found = []
    services: dict[str, set[str]] = {}
    for attempt in attempts:
        execution_of = by_deployment.get(attempt.id)
        if execution_of and attempt.service:
            services.setdefault(execution_of.pipeline, set()).add(attempt.service)
        if attempt.started_at is None or not attempt.service:
            lacking = "its begin" if attempt.service else "its service"
            notes.append(Note(source, attempt.id, f"{lacking} is not known"))
            continue
        found.append(_deployment(attempt, execution_of, commits))
    for execution in executions:
        known = services.get(execution.pipeline, set())
        there = {one.service for one in found if one.execution == execution.id}
        found += _blocked(execution, known, there, commits, notes, source)
    return found


def _deployment(one: Attempt, execution: Execution | None, commits: Mapping[str, Commit]) -> Deployment:
    revision = execution.revision if execution else ""
    return Deployment(
        id=one.id,
        service=one.service,
        status=one.status,
        started_at=one.started_at or 0.0,
        revision=revision,
        triggered_at=execution.started_at if execution else None,
        exposed_at=one.exposed_at,
        live_at=one.live_at,
        ended_at=one.ended_at,
        restored_at=one.restored_at,
        build_s=execution.span_s("Build") if execution else None,
        approval_s=execution.span_s("Approval") if execution else None,
        is_rollback=one.is_rollback or bool(execution and execution.is_rollback),
        rollback_of=one.rollback_of,
        branch=execution.branch if execution else "",
        error=one.error,
        knows_traffic=one.knows_traffic,
        execution=execution.id if execution else "",
        commits=(commits[revision],) if revision in commits else (),
        scale=one.scale,
    )


def _blocked(
    one: Execution,
    known: set[str],
    there: set[str],
    commits: Mapping[str, Commit],
    notes: list[Note],
    source: str,
) -> list[Deployment]:
    """A run that ended before CodeDeploy: an attempt of the service whose action failed, or else of all."""
    if one.status not in (FAILED, STOPPED) or one.is_rollback:
        return []
    failed = one.failed()
    concerned = {failed.name} if failed and failed.name in known else known
    if one.started_at is None or not known:
        lacking = "its begin" if known else "which services its pipeline deploys"
        notes.append(Note(source, one.id, f"it {one.status} before CodeDeploy, and {lacking} is not known"))
        return []
    if there and not (failed and failed.name in known):
        return []
    return [
        Deployment(
            id=f"{one.id}/{service}",
            service=service,
            status=one.status,
            started_at=one.started_at,
            triggered_at=one.started_at,
            ended_at=one.ended_at,
            revision=one.revision,
            branch=one.branch,
            build_s=one.span_s("Build"),
            error=failed.error if failed else "stopped before CodeDeploy",
            execution=one.id,
            commits=(commits[one.revision],) if one.revision in commits else (),
            scale=one.scale,
        )
        for service in sorted(concerned - there)
    ]
