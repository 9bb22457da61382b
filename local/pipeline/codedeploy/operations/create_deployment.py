"""CreateDeployment."""

from typing import Any

from botocore.exceptions import ClientError

from local.pipeline.codedeploy.app_spec import AppSpecError, read
from local.pipeline.codedeploy.deploy_action import ActionFailed
from local.pipeline.codedeploy.errors import InvalidRevisionException
from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Parts


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Begin a deployment of an AppSpec that is sent along."""
    group = parts.deployments.group(request["applicationName"], request.get("deploymentGroupName") or "")
    content = ((request.get("revision") or {}).get("appSpecContent") or {}).get("content")
    if not content:
        raise InvalidRevisionException("revision: expected appSpecContent with the AppSpec's content")
    config = request.get("deploymentConfigName") or ""
    if config:
        shapes.config(config)
    try:
        spec = read(content, "appSpecContent")
        arn, definition = parts.aws.task_definition(spec.task_definition)
        deployment = parts.deployments.create(
            group,
            content,
            definition,
            arn,
            description=request.get("description") or "",
            config=config,
        )
    except (AppSpecError, ActionFailed) as error:
        raise InvalidRevisionException(str(error)) from None
    except ClientError as error:
        raise InvalidRevisionException(f"TaskDefinition: {error}") from None
    return {"deploymentId": deployment.id}
