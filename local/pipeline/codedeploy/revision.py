"""Checks a revision, an AppSpec with its task definition, before a deployment of it begins."""

from collections.abc import Mapping
from typing import Any

from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.app_spec import AppSpec, read
from local.pipeline.ecs.fargate_rules import check_task_definition


def check_revision(app_spec_text: str, definition: Mapping[str, Any], file: str = "appspec.yaml") -> AppSpec:
    """Return the AppSpec, unless ECS or CodeDeploy would refuse the revision. Raises CodedError.

    `file` is the AppSpec's name in messages.
    """
    app_spec = read(app_spec_text, file)
    check_task_definition(definition)
    containers = {container["name"]: container for container in definition["containerDefinitions"]}
    if app_spec.container not in containers:
        raise CodedError(
            "InvalidParameterException",
            f"{file}, line {app_spec.lines['ContainerName']}: "
            f"The container {app_spec.container} does not exist in the task definition.",
        )
    mappings = containers[app_spec.container].get("portMappings", [])
    if app_spec.port not in [mapping.get("containerPort") for mapping in mappings]:
        raise CodedError(
            "InvalidParameterException",
            f"{file}, line {app_spec.lines['ContainerPort']}: "
            f"The container {app_spec.container} did not have a container port {app_spec.port} defined.",
        )
    return app_spec
