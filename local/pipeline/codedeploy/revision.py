"""Checks a revision, an AppSpec with its task definition, before a deployment of it begins."""

from collections.abc import Mapping
from typing import Any

from local.pipeline.codedeploy.app_spec import AppSpec, AppSpecError, read
from local.pipeline.ecs.fargate_rules import TaskError, check_task_definition


class RevisionError(Exception):
    """A revision can't be deployed; `code` is that of the AWS service which would refuse it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_revision(app_spec_text: str, definition: Mapping[str, Any], file: str = "appspec.yaml") -> AppSpec:
    """Return the AppSpec, unless ECS or CodeDeploy would refuse the revision. Raises RevisionError.

    `file` is the AppSpec's name in messages.
    """
    try:
        app_spec = read(app_spec_text, file)
    except AppSpecError as error:
        raise RevisionError(error.code, str(error)) from None
    try:
        check_task_definition(definition)
    except TaskError as error:
        raise RevisionError("ClientException", str(error)) from None
    containers = {container["name"]: container for container in definition["containerDefinitions"]}
    if app_spec.container not in containers:
        raise RevisionError(
            "InvalidParameterException",
            f"{file}, line {app_spec.lines['ContainerName']}: "
            f"The container {app_spec.container} does not exist in the task definition.",
        )
    mappings = containers[app_spec.container].get("portMappings", [])
    if app_spec.port not in [mapping.get("containerPort") for mapping in mappings]:
        raise RevisionError(
            "InvalidParameterException",
            f"{file}, line {app_spec.lines['ContainerPort']}: "
            f"The container {app_spec.container} did not have a container port {app_spec.port} defined.",
        )
    return app_spec
