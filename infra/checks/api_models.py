"""What is sent to AWS's APIs, against botocore's models of them: the check that boto3 makes before it sends.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and its like.
"""

import functools
from typing import Any

import botocore.session
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from infra.checks.aws_files import AwsFiles
from infra.render import RenderError, load_task_definition, render_task_definition
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION, SERVICES, XRAY_REPOSITORY
from infra.template import Resource

# Keys below these are names that the user chose, which keep their spelling
_MAPS = {"Configuration", "Options", "DockerLabels", "options"}


def problems(files: AwsFiles) -> list[str]:
    """Fields that AWS's APIs would refuse."""
    return [*_task_definition(files), *_from_templates(files)]


def example_values(service: str) -> dict[str, str]:
    """An example value for every token of taskdef.json."""
    return {
        "SERVICE": service,
        "SERVICE_VERSION": "0123abc",
        "SERVICE_COMMIT": "0123abc" + "0" * 33,
        "AWS_ACCOUNT_ID": EXAMPLE_ACCOUNT,
        "AWS_REGION": EXAMPLE_REGION,
        "XRAY_IMAGE": f"{EXAMPLE_ACCOUNT}.dkr.ecr.{EXAMPLE_REGION}.amazonaws.com/{XRAY_REPOSITORY}"
        f"@sha256:{'0' * 64}",
    }


def _task_definition(files: AwsFiles) -> list[str]:
    if not files.task_definition:
        return []
    problems: set[str] = set()
    for service in SERVICES:
        try:
            template = load_task_definition(files.root / "taskdef.json")
            rendered = render_task_definition(template, example_values(service.name))
        except RenderError as error:
            return [str(error)]
        problems |= set(validate("ecs", "RegisterTaskDefinition", rendered, "taskdef.json"))
    return sorted(problems)


def _from_templates(files: AwsFiles) -> list[str]:
    calls = {
        "AWS::ECS::TaskDefinition": ("ecs", "RegisterTaskDefinition", _lower),
        "AWS::ECS::Service": ("ecs", "CreateService", _lower),
        "AWS::CodeDeploy::DeploymentGroup": ("codedeploy", "CreateDeploymentGroup", _lower),
        "AWS::CodePipeline::Pipeline": ("codepipeline", "CreatePipeline", _pipeline),
        "AWS::CodeBuild::Project": ("codebuild", "CreateProject", _project),
        "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm", lambda properties: properties),
        "AWS::ElasticLoadBalancingV2::TargetGroup": ("elbv2", "CreateTargetGroup", _without_attributes),
    }
    return [
        problem
        for resource in files.resources
        if resource.type in calls
        for service, operation, shape in [calls[resource.type]]
        for problem in validate(service, operation, shape(_without_tags(resource)), str(resource))
    ]


def _without_tags(resource: Resource) -> dict[str, Any]:
    """The properties but for tags, which each API spells its own way."""
    return {key: value for key, value in resource.properties.items() if key != "Tags"}


def validate(service: str, operation: str, request: dict[str, Any], source: str) -> list[str]:
    """How `request` breaks botocore's model of `operation`, one line each, beginning with `source`."""
    shape = _operation(service, operation).input_shape
    report = ParamValidator().validate(request, shape)
    lines = report.generate_report().splitlines() if report.has_errors() else []
    return [f"{source}: {operation} would refuse it: {line}" for line in lines]


@functools.cache
def _operation(service: str, operation: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def _lower(value: Any) -> Any:
    """Keys as ECS, CodeDeploy and CodePipeline spell them: `networkMode` for `NetworkMode`."""
    if isinstance(value, list):
        return [_lower(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {_lower_first(key): entry if key in _MAPS else _lower(entry) for key, entry in value.items()}


def _lower_first(key: str) -> str:
    if key == "ECSServices":
        return "ecsServices"
    return key[:1].lower() + key[1:]


def _pipeline(properties: dict[str, Any]) -> dict[str, Any]:
    pipeline = _lower({key: value for key, value in properties.items() if key != "RestartExecutionOnUpdate"})
    return {"pipeline": pipeline}


def _project(properties: dict[str, Any]) -> dict[str, Any]:
    project: dict[str, Any] = _lower({key: value for key, value in properties.items() if key != "Source"})
    source = properties["Source"]
    return {**project, "source": {"type": source["Type"], "buildspec": source["BuildSpec"]}}


def _without_attributes(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != "TargetGroupAttributes"}
