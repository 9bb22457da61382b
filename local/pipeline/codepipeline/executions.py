"""CodePipeline's part: one execution after the other through the stages, each action by its provider."""

import json
import logging
import math
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions

from local.awsapi.errors import ApiError
from local.pipeline import eventbridge as events
from local.pipeline.architecture import Architecture
from local.pipeline.clock import Clock
from local.pipeline.codebuild.build import BuildFailed, CodeBuild
from local.pipeline.codecommit.repository import Repository, RepositoryError
from local.pipeline.codedeploy.deploy_action import ActionFailed, prepare
from local.pipeline.codedeploy.deployment_machine import ENDED as DEPLOYMENT_ENDED
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codepipeline import execution_machine as machine
from local.pipeline.codepipeline.errors import (
    ApprovalAlreadyCompletedException,
    DuplicatedStopRequestException,
    InvalidApprovalTokenException,
    PipelineExecutionNotFoundException,
    PipelineExecutionNotStoppableException,
)
from local.pipeline.codepipeline.execution_machine import ENDED, Action, Execution, Stage
from local.pipeline.ecs.task_containers import Place
from local.pipeline.identifiers import REGION, arn, execution_id
from local.pipeline.journal import Journal
from local.pipeline.local_aws import Aws

log = logging.getLogger(__name__)

EXECUTION = "execution"
BUILDS_AT_ONCE = 3


@dataclass(slots=True)
class Outcome:
    """What an action's work comes to."""

    summary: str = ""
    external_id: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)  # name → key in the bucket
    variables: dict[str, str] = field(default_factory=dict)


class Executions:
    """`look` is called by one thread; the API's threads call the rest."""

    def __init__(
        self,
        architecture: Architecture,
        journal: Journal,
        repository: Repository,
        builds: CodeBuild,
        deployments: Deployments,
        aws: Aws,
        place: Place,
        clock: Clock,
    ) -> None:
        self.architecture, self._journal, self._repository = architecture, journal, repository
        self._builds, self._deployments, self._aws = builds, deployments, aws
        self._place, self._clock = place, clock
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(BUILDS_AT_ONCE + 1, thread_name_prefix="actions")
        self._work: dict[str, Future[Outcome]] = {}

    # --- what the API asks

    def start(
        self, commit: str = "", trigger: tuple[str, str] = ("StartPipelineExecution", "laptop")
    ) -> Execution:
        """Begin an execution of a commit, the branch's newest when none is named. Raises RepositoryError."""
        found = self._repository.commit(commit or self.architecture.branch)
        with self._lock, self._journal.together():
            one = machine.begin(
                self.architecture.pipeline,
                id=execution_id(),
                commit=found.id,
                summary=found.summary,
                author=found.author,
                authored=found.authored,
                trigger_type=trigger[0],
                trigger_detail=trigger[1],
                created=self._clock.now(),
                scale=self._clock.scale,
            )
            self._keep(one)
            self._announce(one, "STARTED")
        return one

    def all(self) -> list[Execution]:
        """Every execution, oldest first."""
        return [machine.from_document(one) for one in self._journal.all(EXECUTION)]

    def under_way(self) -> list[Execution]:
        """Those that are not over, oldest first."""
        return [machine.from_document(one) for one in self._journal.under_way(EXECUTION)]

    def newest(self) -> Execution | None:
        """The one that was started last."""
        document = self._journal.newest(EXECUTION)
        return machine.from_document(document) if document else None

    def one(self, key: str) -> Execution:
        """By id. Raises PipelineExecutionNotFoundException."""
        document = self._journal.get(EXECUTION, key)
        if not document:
            raise PipelineExecutionNotFoundException(f"The pipeline has no execution with the id {key}")
        return machine.from_document(document)

    def stop(self, key: str, reason: str, *, abandon: bool) -> None:
        """Ask for a stop. Raises the API's errors."""
        with self._lock, self._journal.together():
            one = self.one(key)
            if one.status in ENDED:
                raise PipelineExecutionNotStoppableException(f"The execution {key} is already {one.status}")
            if one.stop_asked and (one.abandon or not abandon):  # who waits may still decide to abandon
                raise DuplicatedStopRequestException(f"The execution {key} is already being stopped")
            if not one.stop_asked:
                one.status, one.stop_reason = "Stopping", reason
                self._announce(one, "STOPPING")
                if one.next and _has_begun(one.next):
                    self._announce_stage(one, one.next, "STOPPING")
            one.stop_asked, one.abandon, one.stop_reason = True, abandon, reason or one.stop_reason
            self._keep(one)

    def approve(self, stage: str, action: str, token: str, status: str, summary: str) -> float:
        """Answer an approval; returns when. Raises the API's errors."""
        with self._lock, self._journal.together():
            for one in self.all():
                for step in (step for there in one.stages if there.name == stage for step in there.actions):
                    if step.name == action and step.token == token and token:
                        if step.status != "InProgress":
                            raise ApprovalAlreadyCompletedException("The approval has been answered")
                        return self._answered(one, step, stage, status, summary)
        raise InvalidApprovalTokenException("No approval waits for this token; get-pipeline-state shows it")

    def _answered(self, one: Execution, action: Action, name: str, status: str, summary: str) -> float:
        stage = next(stage for stage in one.stages if stage.name == name)
        self._end(action, "Succeeded" if status == "Approved" else "Failed", summary)
        self._announce_action(one, stage, action, action.status.upper())
        if stage.status == "Succeeded":
            self._announce_stage(one, stage, "SUCCEEDED")
        self._keep(one)
        return self._clock.now()

    # --- the one thread that moves

    def resume(self) -> None:
        """After a restart: builds that nobody follows any more go; a look begins them again."""
        self._builds.clear()

    def look(self) -> None:
        """Move every execution on, the oldest first: none may overtake another."""
        furthest = math.inf
        for listed in self.under_way():
            with self._lock, self._journal.together():
                one = self.one(listed.id)
                if one.status not in ENDED and (one.stage < furthest or one.stop_asked):
                    self._step(one)
                self._keep(one)
            if one.status not in ENDED:
                furthest = min(furthest, one.stage)

    def close(self) -> None:
        """Nothing new is begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _step(self, one: Execution) -> None:
        if one.stage == len(one.stages):
            self._finish(one, "Succeeded")
            return
        stage = one.stages[one.stage]
        for action in stage.actions:
            if action.status == "InProgress":
                self._follow(one, stage, action)
        if stage.status == "Failed":
            self._finish(one, "Failed")
        elif one.stop_asked and (one.abandon or not _works(stage)):
            self._stop_now(one, stage)
        elif stage.status == "Succeeded":
            self._announce_stage(one, stage, "SUCCEEDED")
        elif not one.stop_asked and not any(action.status == "Failed" for action in stage.actions):
            self._begin_next(one, stage)

    def _begin_next(self, one: Execution, stage: Stage) -> None:
        """The actions of the lowest run order that are not over; the next order waits for all of them."""
        if stage.status == "Pending":
            self._announce_stage(one, stage, "STARTED")
        open_ = [action for action in stage.actions if action.status != "Succeeded"]
        order = min(action.run_order for action in open_)
        for action in open_:
            if action.run_order == order and action.status == "Pending":
                self._begin(one, stage, action)

    def _begin(self, one: Execution, stage: Stage, action: Action) -> None:
        action.status, action.started, action.id = "InProgress", self._clock.now(), execution_id()
        self._announce_action(one, stage, action, "STARTED")
        match action.category:
            case "Source":
                self._submit(action, lambda: self._source(one.commit, action.outputs[0]))
            case "Build":
                action.external_id = f"{self.architecture.build_project['Name']}:{execution_id()}"
                source = one.artifacts[action.inputs[0]]
                self._submit(action, lambda: self._build(one.id, one.commit, source, action))
            case "Approval":
                action.token = execution_id()
                action.summary = _filled(action.configuration.get("CustomData", ""), one.variables)
            case "Deploy":
                keys = {name: one.artifacts[name] for name in action.inputs}
                self._submit(action, lambda: self._deploy(one.id, keys, action))
            case _:
                self._fail(
                    one, stage, action, "InvalidConfiguration", f"{action.provider} can't be rehearsed here"
                )

    def _submit(self, action: Action, work: Callable[[], Outcome]) -> None:
        self._work[action.id] = self._pool.submit(work)

    def _follow(self, one: Execution, stage: Stage, action: Action) -> None:
        work = self._work.get(action.id)
        if work and work.done():
            del self._work[action.id]
            try:
                outcome = work.result()
            except (ActionFailed, BuildFailed) as error:
                self._fail(one, stage, action, error.code, str(error))
            except (RepositoryError, ApiError, botocore.exceptions.BotoCoreError) as error:
                self._fail(one, stage, action, getattr(error, "code", "ConfigurationError"), str(error))
            except botocore.exceptions.ClientError as error:
                self._fail(one, stage, action, error.response["Error"]["Code"], str(error))
            except Exception as error:  # whatever an action's work meets, the execution hears of it
                log.exception("%s %s", stage.name, action.name)
                self._fail(one, stage, action, "InternalError", f"{type(error).__name__}: {error}")
            else:
                self._take(one, stage, action, outcome)
        elif not work and action.category == "Deploy" and action.external_id:
            self._watch(one, stage, action)
        elif not work and action.category == "Deploy":
            self._find_deployment(one, action)
        elif not work and action.category in ("Source", "Build"):
            action.status = "Pending"  # it worked in a runner that is no more: it begins again

    def _take(self, one: Execution, stage: Stage, action: Action, outcome: Outcome) -> None:
        one.artifacts |= outcome.artifacts
        if action.namespace:
            one.variables[action.namespace] = outcome.variables
        action.external_id = outcome.external_id or action.external_id
        if action.category == "Deploy":
            action.summary = "Deployment in progress"
            return
        self._end(action, "Succeeded", outcome.summary)
        self._announce_action(one, stage, action, "SUCCEEDED")

    def _find_deployment(self, one: Execution, action: Action) -> None:
        """The runner ended before it had noted the deployment: find it, or begin again."""
        group = action.configuration["DeploymentGroupName"]
        mine = [there for there in self._deployments.of_execution(one.id) if there.group == group]
        if mine:
            action.external_id = mine[0].id
        else:
            action.status = "Pending"

    def _watch(self, one: Execution, stage: Stage, action: Action) -> None:
        deployment = self._deployments.one(action.external_id)
        if deployment.status not in DEPLOYMENT_ENDED:
            return
        if deployment.status == "Succeeded":
            self._end(action, "Succeeded", f"Deployment Succeeded: {deployment.id}")
            self._announce_action(one, stage, action, "SUCCEEDED")
        else:
            message = f"{deployment.error_code}: {deployment.error_message}"
            self._fail(one, stage, action, "JobFailed", message)

    def _fail(self, one: Execution, stage: Stage, action: Action, code: str, message: str) -> None:
        action.error_code, action.error_message = code, message
        self._end(action, "Failed", message)
        self._announce_action(one, stage, action, "FAILED")

    def _end(self, action: Action, status: str, summary: str) -> None:
        action.status, action.ended, action.summary = status, self._clock.now(), summary

    def _finish(self, one: Execution, status: str) -> None:
        one.status, one.ended = status, self._clock.now()
        if status == "Failed":
            self._announce_stage(one, one.stages[one.stage], "FAILED")
        self._announce(one, status.upper())

    def _stop_now(self, one: Execution, stage: Stage) -> None:
        for action in stage.actions:
            if action.status == "InProgress":
                self._end(action, "Abandoned", one.stop_reason)
                self._work.pop(action.id, None)
                self._announce_action(one, stage, action, "ABANDONED")
        if _has_begun(stage):
            self._announce_stage(one, stage, "SUCCEEDED" if stage.status == "Succeeded" else "STOPPED")
        one.status, one.ended = "Stopped", self._clock.now()
        self._announce(one, "STOPPED")

    # --- the providers' work, each in a thread of its own

    def _source(self, commit: str, output: str) -> Outcome:
        found = self._repository.commit(commit)
        return Outcome(
            summary=found.summary,
            external_id=found.id,
            artifacts={output: self._put(output, self._repository.archive(found.id))},
            variables={"CommitId": found.id, "CommitMessage": found.summary, "AuthorName": found.author},
        )

    def _build(self, key: str, commit: str, source: str, action: Action) -> Outcome:
        given = json.loads(action.configuration.get("EnvironmentVariables", "[]"))
        variables = {one["name"]: one["value"] for one in given}

        def progress(words: str) -> None:
            self._note(key, action.id, words)

        began = time.monotonic()
        content = self._aws.artifact(self.architecture.bucket, source)
        build = self._builds.run(action.external_id, content, commit, variables, action.name, progress)
        return Outcome(
            summary=f"Build succeeded in {time.monotonic() - began:.1f} s",
            artifacts={name: self._put(name, build.artifact) for name in action.outputs},
            variables=build.exported,
        )

    def _put(self, name: str, content: bytes) -> str:
        """Keep an artifact; returns its key."""
        key = f"{self.architecture.pipeline['Name']}/{name}/{secrets.token_hex(4)}"
        self._aws.put_artifact(self.architecture.bucket, key, content)
        return key

    def _deploy(self, key: str, keys: dict[str, str], action: Action) -> Outcome:
        artifacts = {
            name: self._aws.artifact(self.architecture.bucket, where) for name, where in keys.items()
        }
        revision = prepare(action.configuration, artifacts, self._place)
        group = self._deployments.group(
            action.configuration["ApplicationName"], action.configuration["DeploymentGroupName"]
        )
        registered = self._aws.register(revision.definition)
        deployment = self._deployments.create(
            group,
            revision.with_task_definition(registered),
            revision.definition,
            registered,
            creator="user",
            execution=key,
            description=f"Started by the pipeline's execution {key}",
        )
        return Outcome(external_id=deployment.id)

    def _note(self, key: str, action_id: str, words: str) -> None:
        with self._lock, self._journal.together():
            one = self.one(key)
            for stage in one.stages:
                for action in stage.actions:
                    if action.id == action_id:
                        action.progress.append(words)
            self._keep(one)

    # --- keeping and telling

    def _keep(self, one: Execution) -> None:
        self._journal.put(EXECUTION, one.id, machine.as_document(one), is_over=one.status in ENDED)

    def _announce(self, one: Execution, state: str) -> None:
        detail: dict[str, Any] = {"state": state, "version": 1.0}
        if state == "STARTED":
            detail["execution-trigger"] = {
                "trigger-type": one.trigger_type,
                "trigger-detail": one.trigger_detail,
            }
        if state == "STOPPING" and one.stop_reason:
            detail["stop-execution-comments"] = one.stop_reason
        self._send(one, events.EXECUTION, detail)

    def _announce_stage(self, one: Execution, stage: Stage, state: str) -> None:
        self._send(one, events.STAGE, {"stage": stage.name, "state": state, "version": 1.0})

    def _announce_action(self, one: Execution, stage: Stage, action: Action, state: str) -> None:
        detail: dict[str, Any] = {
            "stage": stage.name,
            "action": action.name,
            "action-execution-id": action.id,
            "state": state,
            "type": {
                "owner": "AWS",
                "category": action.category,
                "provider": action.provider,
                "version": "1",
            },
            "version": 1.0,
        }
        if state != "STARTED":
            detail["region"] = REGION
            detail["execution-result"] = {
                "external-execution-id": action.external_id,
                "external-execution-summary": action.summary,
            } | ({"error-code": action.error_code} if action.error_code else {})
        self._send(one, events.ACTION, detail)

    def _send(self, one: Execution, kind: str, detail: dict[str, Any]) -> None:
        about = {"pipeline": one.pipeline, "execution-id": one.id}
        resource = arn("codepipeline", one.pipeline)
        self._journal.announce(
            events.envelope("aws.codepipeline", kind, resource, about | detail, self._clock.now(), one.scale)
        )


def _works(stage: Stage) -> bool:
    return any(action.status == "InProgress" for action in stage.actions)


def _has_begun(stage: Stage) -> bool:
    return any(action.id for action in stage.actions)


def _filled(text: str, variables: dict[str, dict[str, str]]) -> str:
    """#{Namespace.Variable} as CodePipeline fills it."""
    for namespace, values in variables.items():
        for name, value in values.items():
            text = text.replace(f"#{{{namespace}.{name}}}", value)
    return text
