"""CodePipeline executions and CodeDeploy deployments, gathered piece by piece, then turned into records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dora.records import FAILED, RUNNING, STOPPED, SUCCEEDED, TRIGGER, Commit, Deployment, Note

ROLLBACK_TRIGGERS = ("ManualRollback", "AutomatedRollback")
CODEDEPLOY_ID = "d-"
# providers of deploy actions, other than CodeDeploy, that bring a service's revision to its users
RELEASING = ("ECS", "EKS", "Lambda", "ElasticBeanstalk", "AppRunner")


@dataclass(slots=True, kw_only=True)
class Run:
    """What an action, an execution and a deployment have in common; times in epoch seconds."""

    status: str = RUNNING
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Action(Run):
    """An action of a pipeline execution; one that builds or deploys a service has the service's name."""

    name: str
    category: str
    provider: str = ""
    external_id: str = ""  # of a CodeDeploy action, the deployment's id
    error: str = ""


@dataclass(slots=True, kw_only=True)
class Execution(Run):
    """An execution of a pipeline."""

    id: str
    pipeline: str
    revision: str = ""
    message: str = ""  # the commit's, as far as the source tells it
    branch: str = ""
    is_rollback: bool = False
    scale: float = 1.0
    actions: dict[str, Action] = field(default_factory=dict)  # by stage and name

    def span_s(self, category: str) -> float | None:
        """Seconds from the first begin to the last end of a category's actions; None if unknown."""
        actions = [action for action in self.actions.values() if action.category == category]
        begins = [action.started_at for action in actions if action.started_at is not None]
        ends = [action.ended_at for action in actions if action.ended_at is not None]
        return max(ends) - min(begins) if begins and ends else None

    def failed_action(self) -> Action | None:
        """The action that failed, and so ended the execution."""
        return next((action for action in self.actions.values() if action.status == FAILED), None)


@dataclass(slots=True, kw_only=True)
class Attempt(Run):
    """A CodeDeploy deployment."""

    id: str
    service: str = ""
    application: str = ""
    never_exposed: bool = False
    exposed_at: float | None = None
    live_at: float | None = None
    restored_at: float | None = None
    is_rollback: bool = False
    rollback_of: str = ""
    error: str = ""
    knows_traffic: bool = True
    scale: float = 1.0


def deploy_actions(executions: Iterable[Execution]) -> dict[str, tuple[Execution, Action]]:
    """The actions that started a CodeDeploy deployment, with their executions, by deployment id."""
    return {
        action.external_id: (execution, action)
        for execution in executions
        for action in execution.actions.values()
        if action.category == "Deploy" and action.external_id.startswith(CODEDEPLOY_ID)
    }


def _other_releases(
    executions: Iterable[Execution], notes: list[Note], source: str
) -> dict[str, tuple[Execution, Attempt]]:
    """The deployments of deploy actions other than CodeDeploy's, by an id made of execution and action.

    Actions of providers that don't release a service are added to `notes`, each once."""
    releases: dict[str, tuple[Execution, Attempt]] = {}
    unread: dict[tuple[str, str], None] = {}
    for execution in executions:
        for action in execution.actions.values():
            is_codedeploy = action.external_id.startswith(CODEDEPLOY_ID) or "CodeDeploy" in action.provider
            if action.category != "Deploy" or is_codedeploy or not action.provider:
                continue
            if action.provider not in RELEASING:
                unread[action.name, action.provider] = None
                continue
            attempt = Attempt(
                id=f"{execution.id}/{action.name}",
                service=action.name,
                status=action.status,
                started_at=action.started_at,
                ended_at=action.ended_at,
                live_at=action.ended_at if action.status == SUCCEEDED else None,
                error=action.error,
                knows_traffic=False,
                scale=execution.scale,
            )
            releases[attempt.id] = execution, attempt
    for name, provider in unread:
        reason = f"a deploy action by {provider} releases no service here, so it is not counted"
        notes.append(Note(source, name, reason))
    return releases


def deployment_records(
    executions: Iterable[Execution],
    attempts: Iterable[Attempt],
    commits: Mapping[str, Commit],
    notes: list[Note],
    source: str,
) -> list[Deployment]:
    """The deployments of all services, those of executions that ended before CodeDeploy included.

    `commits` are known commits by hash. What is incomplete is added to `notes` as notes of `source`."""
    executions = list(executions)
    actions = deploy_actions(executions)
    others = _other_releases(executions, notes, source)
    execution_of = {attempt_id: execution for attempt_id, (execution, _) in (actions | others).items()}
    records: list[Deployment] = []
    services: dict[str, set[str]] = {}  # by pipeline
    for attempt in (*attempts, *(attempt for _, attempt in others.values())):
        execution = execution_of.get(attempt.id)
        if execution and attempt.service:
            services.setdefault(execution.pipeline, set()).add(attempt.service)
        started_at = _begin(attempt, execution)
        if started_at is None or not attempt.service:
            lacking = "its begin" if attempt.service else "its service"
            notes.append(Note(source, attempt.id, f"{lacking} is not known"))
            continue
        if attempt.started_at is None:
            attempt.started_at = started_at
            notes.append(Note(source, attempt.id, "its begin is not known: counted from what is known of it"))
        records.append(_deployment(attempt, execution, commits))
    reached: dict[str, set[str]] = {}  # services by execution
    for record in records:
        reached.setdefault(record.execution, set()).add(record.service)
    for execution in executions:
        known = services.get(execution.pipeline, set())
        records += _blocked(execution, known, reached.get(execution.id, set()), commits, notes, source)
    return records


def _begin(attempt: Attempt, execution: Execution | None) -> float | None:
    """When an attempt began; of one whose begin was lost, its execution's begin or its own end."""
    if attempt.started_at is not None:
        return attempt.started_at
    return execution.started_at if execution and execution.started_at is not None else attempt.ended_at


def _deployment(attempt: Attempt, execution: Execution | None, commits: Mapping[str, Commit]) -> Deployment:
    revision = execution.revision if execution else ""
    return Deployment(
        id=attempt.id,
        service=attempt.service,
        status=attempt.status,
        started_at=attempt.started_at or 0.0,
        revision=revision,
        triggered_at=execution.started_at if execution else None,
        exposed_at=attempt.exposed_at,
        live_at=attempt.live_at,
        ended_at=attempt.ended_at,
        restored_at=attempt.restored_at,
        build_s=execution.span_s("Build") if execution else None,
        approval_s=execution.span_s("Approval") if execution else None,
        is_rollback=attempt.is_rollback or bool(execution and execution.is_rollback),
        rollback_of=attempt.rollback_of,
        branch=execution.branch if execution else "",
        error=attempt.error,
        knows_traffic=attempt.knows_traffic,
        never_exposed=attempt.never_exposed,
        application=attempt.application,
        execution=execution.id if execution else "",
        commits=(commits[revision],) if revision in commits else (),
        commits_are=TRIGGER if revision in commits else "",
        scale=attempt.scale,
    )


def _blocked(
    execution: Execution,
    services: set[str],
    reached: set[str],
    commits: Mapping[str, Commit],
    notes: list[Note],
    source: str,
) -> list[Deployment]:
    """An execution that ended before CodeDeploy: an attempt of the service whose action failed, else of all.

    `services` are those that the pipeline deploys, `reached` those that this execution deployed."""
    if execution.status not in (FAILED, STOPPED) or execution.is_rollback:
        return []
    failed = execution.failed_action()
    is_of_a_service = failed is not None and failed.name in services
    if execution.started_at is None or not services:
        lacking = "its begin" if services else "which services its pipeline deploys"
        reason = f"it {execution.status} before CodeDeploy, and {lacking} is not known"
        notes.append(Note(source, execution.id, reason))
        return []
    if reached and not is_of_a_service:
        return []
    concerned = {failed.name} if failed and is_of_a_service else services
    return [
        Deployment(
            id=f"{execution.id}/{service}",
            service=service,
            status=execution.status,
            started_at=execution.started_at,
            triggered_at=execution.started_at,
            ended_at=execution.ended_at,
            revision=execution.revision,
            branch=execution.branch,
            build_s=execution.span_s("Build"),
            error=failed.error if failed else "stopped before CodeDeploy",
            execution=execution.id,
            never_exposed=True,
            commits=(commits[execution.revision],) if execution.revision in commits else (),
            commits_are=TRIGGER if execution.revision in commits else "",
            scale=execution.scale,
        )
        for service in sorted(concerned - reached)
    ]
