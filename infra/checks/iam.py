"""Rules over every policy in the templates: no wildcards, no passing of any role, no foreign table."""

import re
from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import AwsFiles
from infra.shop import PIPELINE, PROJECT, SERVICES
from infra.template import Resource

# Calls for which IAM knows no resource, so that '*' is all there is
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCE = {
    f"{service}:{action}"
    for service, actions in {
        "cloudwatch": "DescribeAlarms PutMetricData",
        "codedeploy": "BatchGetDeploymentTargets ListDeploymentTargets",
        "ec2": "AssignPrivateIpAddresses CreateNetworkInterface DeleteNetworkInterface "
        "DescribeNetworkInterfaces DescribeSubnets UnassignPrivateIpAddresses",
        "ecr": "GetAuthorizationToken",
        "ecs": "RegisterTaskDefinition",
        "elasticloadbalancing": "DescribeListeners DescribeRules DescribeTargetGroups",
        "xray": "GetSamplingRules GetSamplingStatisticSummaries GetSamplingTargets GetTraceSummaries "
        "PutTelemetryRecords PutTraceSegments",
    }.items()
    for action in actions.split()
}
TASK_ROLES = {role for service in SERVICES for role in (service.task_role, service.execution_role)}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention
NAMES_ITS_ACCOUNT = ("codebuild", "codedeploy", "codepipeline", "ecs-tasks")

OBJECT_ACTION = re.compile(r"s3:\w+Object")

Statement = dict[str, Any]


def problems(files: AwsFiles) -> list[str]:
    """Policies that allow more than their holder needs."""
    return [
        *(
            problem
            for resource, statement in _allow_statements(files)
            for rule in (_wildcards, _pass_role, _artifacts)
            for problem in rule(resource, statement)
        ),
        *_task_roles(files),
        *_trust(files),
    ]


def _trust(files: AwsFiles) -> Iterator[str]:
    """A service that says for whom it acts shall do so for this account only."""
    for resource in files.of_type("AWS::IAM::Role"):
        for statement in resource.properties["AssumeRolePolicyDocument"]["Statement"]:
            service = str(statement.get("Principal", {}).get("Service", "")).removesuffix(".amazonaws.com")
            condition = statement.get("Condition", {}).get("StringEquals", {})
            if service in NAMES_ITS_ACCOUNT and "aws:SourceAccount" not in condition:
                yield (
                    f"{resource}: {service} may assume it for anybody; expected the condition "
                    "StringEquals aws:SourceAccount in its trust policy"
                )


def _allow_statements(files: AwsFiles) -> Iterator[tuple[Resource, Statement]]:
    for resource in files.resources:
        policies = resource.properties.get("Policies", []) if resource.type == "AWS::IAM::Role" else []
        documents = [policy["PolicyDocument"] for policy in policies]
        if resource.type in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            documents.append(resource.properties["PolicyDocument"])
        for document in documents:
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    yield resource, statement


def _as_list(value: Any) -> list[Any]:
    """A policy may write one action or resource without a list."""
    return value if isinstance(value, list) else [value]


def _wildcards(resource: Resource, statement: Statement) -> Iterator[str]:
    actions = _as_list(statement.get("Action", []))
    for action in actions:
        if "*" in action:
            yield f"{resource}: Action {action!r} allows what nobody thought of; name each action"
    if "*" in _as_list(statement.get("Resource", [])) and "iam:PassRole" not in actions:
        for action in actions:
            if action not in WITHOUT_RESOURCE and "*" not in action:
                yield f"{resource}: {action} on Resource '*'; name what it is for"


def _pass_role(resource: Resource, statement: Statement) -> Iterator[str]:
    """A role that may pass any role can get the rights of any role."""
    if "iam:PassRole" not in _as_list(statement.get("Action", [])):
        return
    passed = {str(arn).rsplit("/", 1)[-1] for arn in _as_list(statement["Resource"])}
    if foreign := sorted(passed - TASK_ROLES):
        yield f"{resource}: iam:PassRole for {', '.join(foreign)}; only the six task roles may be passed"
    service = statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
    if service != "ecs-tasks.amazonaws.com":
        yield f"{resource}: iam:PassRole without the condition iam:PassedToService = ecs-tasks.amazonaws.com"


def _artifacts(resource: Resource, statement: Statement) -> Iterator[str]:
    """Beside the pipeline's artifacts the bucket has functions' packages, which `make deploy` trusts."""
    objects = [action for action in _as_list(statement.get("Action", [])) if OBJECT_ACTION.match(action)]
    for arn in _as_list(statement.get("Resource", [])) if objects else []:
        if f":::{PROJECT}-artifacts-" in str(arn) and f"/{PIPELINE}/" not in str(arn):
            yield (
                f"{resource}: {objects[-1]} on {arn}; expected objects below {PIPELINE}/ only, where "
                "CodePipeline has its artifacts: beside them is code that is deployed"
            )


def _task_roles(files: AwsFiles) -> Iterator[str]:
    """Each service's code may use its own table and no other."""
    roles = {role.properties.get("RoleName"): role for role in files.of_type("AWS::IAM::Role")}
    for service in SERVICES:
        role = roles.get(service.task_role)
        if role is None:
            stack = f"lantern-{service.name}.json"
            yield f"{stack}: there is no role {service.task_role}, which taskdef.json names"
            continue
        tables = {
            str(arn).split("/index/")[0].strip("<>").removesuffix(".Arn").rsplit(".", 1)[-1]
            for policy in role.properties["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            if any(str(action).startswith("dynamodb:") for action in _as_list(statement["Action"]))
            for arn in _as_list(statement["Resource"])
        }
        own_table = {service.table.removeprefix("lantern-").title()} if service.table else set()
        if tables != own_table:
            yield (f"{role}: reaches the tables {sorted(tables)}, expected its own only: {sorted(own_table)}")
