"""What ECS and Fargate do with a task's two roles before its containers run.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.exceptions

from local.iam.operations import Access, log_stream, resource_arn
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.task_containers import Task
from local.pipeline.iam.sessions import AccessDenied, Sessions
from local.pipeline.identifiers import arn

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
SOURCE = arn("ecs", "cluster/lantern")  # of aws:SourceArn in the roles' trust policies


class RolesOfTasks:
    """The `TaskRoles` of a runner."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def registry_login(self, definition: Mapping[str, Any]) -> dict[str, str]:
        """Ask ECR for a token as the execution role, and for what a pull needs. Raises TaskError."""
        role, family = definition["executionRoleArn"], definition["family"]
        try:
            aws = self._sessions.acting("ecs-tasks", role, family, SOURCE)
            answer = aws.client("ecr").get_authorization_token()
            self._sessions.require(role, family, _pulls(definition))
        except (AccessDenied, botocore.exceptions.ClientError) as error:
            raise TaskError(f"CannotPullContainerError: {error}") from None
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
        user, _, password = token.partition(":")
        return {"username": user, "password": password}

    def require_logs(self, task: Task, definition: Mapping[str, Any]) -> None:
        """Ask for a stream for each container, and for writing to it. Raises TaskError."""
        try:
            self._sessions.require(
                definition["executionRoleArn"], definition["family"], _logs(task, definition)
            )
        except AccessDenied as error:
            raise TaskError(
                f"CannotStartContainerError: failed to initialize logging driver: {error}"
            ) from None

    def access_key_id(self, task: Task, definition: Mapping[str, Any]) -> str:
        """Begin a session of the task role. Raises TaskError when it does not trust ECS."""
        try:
            return self._sessions.acting(
                "ecs-tasks", definition["taskRoleArn"], task.id, SOURCE
            ).access_key_id
        except botocore.exceptions.ClientError as error:
            raise TaskError(
                f"ECS was unable to assume the role '{definition['taskRoleArn']}': {error}"
            ) from None


def _pulls(definition: Mapping[str, Any]) -> Iterator[Access]:
    for container in definition["containerDefinitions"]:
        image = container["image"].partition("@")[0]
        if ".dkr.ecr." in image or image.startswith("127.0.0.1"):
            repository = image.partition("/")[2].rpartition(":")[0] or image.partition("/")[2]
            for action in PULL:
                yield Access(action, resource_arn("ecr", f"repository/{repository}"))


def _logs(task: Task, definition: Mapping[str, Any]) -> Iterator[Access]:
    for container in definition["containerDefinitions"]:
        if options := (container.get("logConfiguration") or {}).get("options"):
            stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task.id}"
            for action in WRITE_LOGS:
                yield log_stream(action, options["awslogs-group"], stream)
