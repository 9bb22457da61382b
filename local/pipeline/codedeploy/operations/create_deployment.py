"""CreateDeployment."""

from botocore.exceptions import ClientError

from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.app_spec import read
from local.pipeline.codedeploy.errors import InvalidRevisionException
from local.pipeline.codedeploy.operations import _shapes as shapes
from local.pipeline.codedeploy.operations._parts import Document, Parts


def answer(request: Document, parts: Parts) -> Document:
    """Begin a deployment of an AppSpec that is part of the request."""
    group = parts.deployments.group(request["applicationName"], request.get("deploymentGroupName") or "")
    app_spec = ((request.get("revision") or {}).get("appSpecContent") or {}).get("content")
    if not app_spec:
        raise InvalidRevisionException("revision: expected appSpecContent with the AppSpec's content")
    alarms = _alarms(request.get("overrideAlarmConfiguration"))
    config = request.get("deploymentConfigName") or ""
    if config:
        shapes.deployment_config(config)
    try:
        name = read(app_spec, "appSpecContent").task_definition
        task_definition, definition = parts.aws.task_definition(name)
        deployment = parts.deployments.create(
            group,
            app_spec=app_spec,
            task_definition=task_definition,
            definition=definition,
            description=request.get("description") or "",
            config=config,
            alarms=alarms,
        )
    except CodedError as error:
        raise InvalidRevisionException(str(error)) from None
    except ClientError as error:
        raise InvalidRevisionException(f"TaskDefinition: {error}") from None
    return {"deploymentId": deployment.id}


def _alarms(override: Document | None) -> list[str] | None:
    """The alarms that a request puts in the place of its group's; None when it leaves them."""
    if override is None:
        return None
    return [alarm["name"] for alarm in override.get("alarms", [])] if override.get("enabled") else []
