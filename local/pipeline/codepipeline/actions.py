"""The work of the actions' providers: source, build, approval and deploy."""

import json
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import botocore.exceptions

from local.awsapi.errors import ApiError
from local.iam.operations import Access
from local.pipeline.architecture import Architecture
from local.pipeline.codebuild.build import CodeBuild
from local.pipeline.codecommit.repository import Repository, RepositoryError
from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.deployment_machine import FINAL_STATUSES
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codepipeline import role_needs
from local.pipeline.codepipeline.deploy_action import ActionFailed, read_revision
from local.pipeline.codepipeline.execution_machine import Action, Execution, Result
from local.pipeline.iam.sessions import Sessions
from local.pipeline.identifiers import arn, execution_id
from local.pipeline.local_aws import LocalAws

log = logging.getLogger(__name__)

BUILDS_AT_ONCE = 3


class Actions:
    """Begins actions, each in a thread of its own, and knows their results. Called by one thread."""

    def __init__(
        self,
        *,
        architecture: Architecture,
        repository: Repository,
        builds: CodeBuild,
        deployments: Deployments,
        aws: LocalAws,
        sessions: Sessions,
    ) -> None:
        self._architecture, self._repository = architecture, repository
        self._builds, self._deployments, self._aws, self._sessions = builds, deployments, aws, sessions
        self._pool = ThreadPoolExecutor(BUILDS_AT_ONCE + 1, thread_name_prefix="actions")
        self._work: dict[str, Future[Result]] = {}  # by action execution id

    def begin(self, execution: Execution, action: Action, progress: Callable[[str], None]) -> None:
        """Begin an action; `progress` is called with the steps of its work."""
        if action.category == "Approval":
            action.token = execution_id()
            action.summary = _fill_in(action.configuration.get("CustomData", ""), execution.variables)
            return
        if action.category == "Build":
            action.external_id = f"{self._architecture.build_project['Name']}:{execution_id()}"
        self._work[action.id] = self._pool.submit(self._run, execution, action, progress)

    def result(self, execution: Execution, action: Action) -> Result | None:
        """Return what has become of an action that is InProgress, or None while that is unknown."""
        if work := self._work.get(action.id):
            return self._work.pop(action.id).result() if work.done() else None
        if action.category == "Approval":
            return None
        if action.category == "Deploy":
            return (
                self._deployment_result(action)
                if action.external_id
                else self._find_deployment(execution, action)
            )
        return Result(status="Pending")  # it ran in a runner that has ended

    def abandon(self, action: Action) -> None:
        """Forget the work of an action; its result no longer matters."""
        self._work.pop(action.id, None)

    def resume(self) -> None:
        """After a restart, remove the builds that nobody follows any more; their actions begin again."""
        self._builds.remove_containers()

    def close(self) -> None:
        """Begin no more work; work that runs is not interrupted."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, execution: Execution, action: Action, progress: Callable[[str], None]) -> Result:
        try:
            match action.category:
                case "Source":
                    return self._source(execution, action)
                case "Build":
                    return self._build(execution, action, progress)
                case "Deploy":
                    return self._deploy(execution, action)
            raise ActionFailed("InvalidConfiguration", f"{action.provider} can't be rehearsed here")
        except botocore.exceptions.ClientError as error:
            return _failed(error.response["Error"]["Code"], str(error))
        except (ApiError, CodedError) as error:
            return _failed(error.code, str(error))
        except (RepositoryError, botocore.exceptions.BotoCoreError) as error:
            return _failed("ConfigurationError", str(error))
        except Exception as error:  # the edge of the thread: the execution must hear of it
            log.exception("%s", action.name)
            return _failed("InternalError", f"{type(error).__name__}: {error}")

    def _acting(self, execution: Execution) -> LocalAws:
        """Return the local AWS as the pipeline's role sees it."""
        pipeline = self._architecture.pipeline
        source = arn("codepipeline", pipeline["Name"])
        return self._sessions.acting("codepipeline", pipeline["RoleArn"], execution.id, source)

    def _require(self, execution: Execution, needs: list[Access]) -> None:
        self._sessions.require(self._architecture.pipeline["RoleArn"], execution.id, needs)

    def _source(self, execution: Execution, action: Action) -> Result:
        self._require(execution, role_needs.of_source(action.configuration))
        commit = self._repository.commit(execution.commit)
        output = action.outputs[0]
        return Result(
            status="Succeeded",
            summary=commit.summary,
            external_id=commit.id,
            artifacts={
                output: self._put_artifact(
                    self._acting(execution), output, self._repository.archive(commit.id)
                )
            },
            variables={
                "CommitId": commit.id,
                "CommitMessage": commit.summary,
                "AuthorName": commit.author,
            },
        )

    def _build(self, execution: Execution, action: Action, progress: Callable[[str], None]) -> Result:
        self._require(execution, role_needs.of_build(action.configuration))
        aws = self._builds.acting(action.external_id)
        variables = json.loads(action.configuration.get("EnvironmentVariables", "[]"))
        began = time.monotonic()
        build = self._builds.run(
            aws=aws,
            build_id=action.external_id,
            source=self._artifact(aws, execution, action.inputs[0]),
            commit=execution.commit,
            variables={variable["name"]: variable["value"] for variable in variables},
            cache=action.name,
            progress=progress,
        )
        return Result(
            status="Succeeded",
            summary=f"Build succeeded in {time.monotonic() - began:.1f} s",
            artifacts={name: self._put_artifact(aws, name, build.artifact) for name in action.outputs},
            variables=build.exported,
        )

    def _deploy(self, execution: Execution, action: Action) -> Result:
        aws = self._acting(execution)
        artifacts = {name: self._artifact(aws, execution, name) for name in action.inputs}
        revision = read_revision(action.configuration, artifacts)
        group = self._deployments.group(
            action.configuration["ApplicationName"], action.configuration["DeploymentGroupName"]
        )
        self._require(execution, role_needs.of_deployment(action.configuration, group.config))
        task_definition = aws.register_task_definition(revision.definition)
        deployment = self._deployments.create(
            group,
            app_spec=revision.app_spec_for(task_definition),
            task_definition=task_definition,
            definition=revision.definition,
            execution=execution.id,
            description=f"Started by the pipeline's execution {execution.id}",
        )
        return _deploying(deployment.id)

    def _deployment_result(self, action: Action) -> Result | None:
        deployment = self._deployments.get(action.external_id)
        if deployment.status not in FINAL_STATUSES:
            return None
        if deployment.status == "Succeeded":
            return Result(status="Succeeded", summary=f"Deployment Succeeded: {deployment.id}")
        return _failed("JobFailed", f"{deployment.error_code}: {deployment.error_message}")

    def _find_deployment(self, execution: Execution, action: Action) -> Result:
        """The runner ended before it had noted the deployment's id: find it, or begin again."""
        group = action.configuration["DeploymentGroupName"]
        for deployment in self._deployments.of_execution(execution.id):
            if deployment.group == group:
                return _deploying(deployment.id)
        return Result(status="Pending")

    def _artifact(self, aws: LocalAws, execution: Execution, name: str) -> bytes:
        return aws.get_artifact(self._architecture.bucket, execution.artifacts[name])

    def _put_artifact(self, aws: LocalAws, name: str, content: bytes) -> str:
        """Store an artifact with the rights of `aws` and return its key; delete what is older than needed."""
        key = f"{self._architecture.pipeline['Name']}/{name}/{secrets.token_hex(4)}"
        aws.put_artifact(self._architecture.bucket, key, content)
        self._aws.delete_old_artifacts(self._architecture.bucket, key)
        return key


def _deploying(deployment_id: str) -> Result:
    return Result(status="InProgress", external_id=deployment_id, summary="Deployment in progress")


def _failed(code: str, message: str) -> Result:
    return Result(status="Failed", summary=message, error_code=code, error_message=message)


def _fill_in(text: str, variables: dict[str, dict[str, str]]) -> str:
    """Replace each #{Namespace.Variable} by its value."""
    for namespace, values in variables.items():
        for name, value in values.items():
            text = text.replace(f"#{{{namespace}.{name}}}", value)
    return text
