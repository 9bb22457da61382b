"""Which actions on which resources a request of a role to this port is."""

import json
from typing import Any
from urllib.parse import parse_qs

from local.awsapi.errors import ApiError
from local.iam.operations import Access, UnknownOperation
from local.pipeline.identifiers import arn
from local.pipeline.runner import Runner

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html
WITHOUT_GROUP = {"BatchGetDeploymentTargets", "ListDeploymentTargets"}


def needs(runner: Runner, service: str, operation: str, body: bytes) -> list[Access]:
    """Return what a request needs. Raises UnknownOperation."""
    if service == "ec2":
        action = parse_qs(body.decode(errors="replace")).get("Action", ["?"])[0]
        if action == "DescribeNetworkInterfaces":
            return [Access(f"ec2:{action}")]
        raise UnknownOperation(f"the local IAM does not know which action ec2 {action} is")
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = {}
    match service:
        case "codedeploy" if operation in WITHOUT_GROUP:
            return [Access(f"codedeploy:{operation}")]
        case "codedeploy":
            return [Access(f"codedeploy:{operation}", group) for group in _groups(runner, request)]
        case "codepipeline":
            name = request.get("pipelineName") or request.get("name") or "*"
            return [Access(f"codepipeline:{operation}", arn("codepipeline", name))]
        case "codecommit":
            return [Access(f"codecommit:{operation}", arn("codecommit", request.get("repositoryName", "*")))]
        case "monitoring":
            return [Access(f"cloudwatch:{operation}", arn("cloudwatch", "alarm:*"))]
    raise UnknownOperation(f"the local IAM does not know which action {service} {operation} is")


def _groups(runner: Runner, request: dict[str, Any]) -> list[str]:
    """The deployment groups that a request is about: by name, or by the deployments that it names."""
    application = runner.architecture.application
    names = [request["deploymentGroupName"]] if request.get("deploymentGroupName") else []
    for key in filter(None, [request.get("deploymentId"), *request.get("deploymentIds", [])]):
        try:
            names.append(runner.deployments.get(key).group)
        except ApiError:
            names.append("*")  # nobody's; whoever may ask for every group learns that there is none
    return [arn("codedeploy", f"deploymentgroup:{application}/{name}") for name in names or ["*"]]
