"""AWS's own models against what is sent to AWS: the same check that boto3 makes, before anything is sent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and its like.
"""

import functools
import json
from typing import Any

import botocore.session
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from infra.checks.aws_files import Tree
from infra.render import RenderError, load_task_definition, render_task_definition
from infra.shop import SERVICES
from infra.template import Resource

# Keys below these are names of the user's own and keep their spelling
_MAPS = {"Configuration", "Options", "DockerLabels", "options"}
DASHBOARD_COLUMNS = 24


def problems(tree: Tree) -> list[str]:
    """What AWS's APIs would refuse."""
    return [*_task_definition(tree), *_from_templates(tree), *_dashboards(tree)]


def example_values(service: str) -> dict[str, str]:
    """Values for every token of taskdef.json, made up but of the right form."""
    return {
        "SERVICE": service,
        "SERVICE_VERSION": "0123abc",
        "SERVICE_COMMIT": "0123abc" + "0" * 33,
        "AWS_ACCOUNT_ID": "111122223333",
        "AWS_REGION": "us-east-1",
        "XRAY_IMAGE": "111122223333.dkr.ecr.us-east-1.amazonaws.com/lantern/xray-daemon@sha256:" + "0" * 64,
    }


def _task_definition(tree: Tree) -> list[str]:
    if not tree.task_definition:
        return []
    found: list[str] = []
    for service in SERVICES:
        try:
            template = load_task_definition(tree.root / "taskdef.json")
            rendered = render_task_definition(template, example_values(service.name))
        except RenderError as error:
            return [str(error)]
        found += validate("ecs", "RegisterTaskDefinition", rendered, "taskdef.json")
    return sorted(set(found))


def _from_templates(tree: Tree) -> list[str]:
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
        for resource in tree.resources
        if resource.type in calls
        for service, operation, shape in [calls[resource.type]]
        for problem in validate(service, operation, shape(_without_tags(resource)), str(resource))
    ]


def _without_tags(resource: Resource) -> dict[str, Any]:
    """Each API spells tags its own way, and CloudFormation takes care of that."""
    return {key: value for key, value in resource.properties.items() if key != "Tags"}


def validate(service: str, operation: str, request: dict[str, Any], where: str) -> list[str]:
    """How `request` breaks botocore's model of `operation`, each line beginning with `where`."""
    shape = _operation(service, operation).input_shape
    report = ParamValidator().validate(request, shape)
    lines = report.generate_report().splitlines() if report.has_errors() else []
    return [f"{where}: {operation} would refuse it: {line}" for line in lines]


@functools.cache
def _operation(service: str, operation: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def _lower(value: Any) -> Any:
    """CloudFormation's `ContainerDefinitions` as ECS, CodeDeploy and CodePipeline spell it."""
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


def _dashboards(tree: Tree) -> list[str]:
    return [
        problem for resource in tree.of_type("AWS::CloudWatch::Dashboard") for problem in _dashboard(resource)
    ]


def _dashboard(resource: Resource) -> list[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
    try:
        widgets = json.loads(resource.properties["DashboardBody"])["widgets"]
    except (KeyError, json.JSONDecodeError) as error:
        return [f"{resource}: the dashboard's body is not JSON with widgets: {error}"]
    found = []
    for number, widget in enumerate(widgets):
        where = f"{resource}: widget {number}"
        if widget["x"] + widget["width"] > DASHBOARD_COLUMNS:
            found.append(
                f"{where} ends in column {widget['x'] + widget['width']}, there are {DASHBOARD_COLUMNS}"
            )
        if widget["type"] == "metric":
            found += _metric_widget(widget["properties"], where)
    return found


def _metric_widget(properties: dict[str, Any], where: str) -> list[str]:
    missing = [key for key in ("metrics", "region", "view", "title") if key not in properties]
    if missing:
        return [f"{where} has no {', '.join(missing)}"]
    options = [line[-1] for line in properties["metrics"] if line and isinstance(line[-1], dict)]
    ids = [option["id"] for option in options if "id" in option]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    return [f"{where} ({properties['title']}) has the id {one} twice" for one in twice]
