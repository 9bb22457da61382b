"""Who may do what: rules over every policy in the templates."""

from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import Tree
from infra.shop import SERVICES
from infra.template import Resource

# Calls for which IAM knows no resource, so that '*' is all there is
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCE = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricData",
    "codedeploy:BatchGetDeploymentTargets",
    "codedeploy:ListDeploymentTargets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
    "ecs:RegisterTaskDefinition",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "xray:GetSamplingRules",
    "xray:GetSamplingStatisticSummaries",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
TASK_ROLES = {role for service in SERVICES for role in (service.task_role, service.execution_role)}

Statement = dict[str, Any]


def problems(tree: Tree) -> list[str]:
    """Every policy that allows more than its holder needs."""
    found = [
        problem
        for resource, statement in _allowing(tree)
        for problem in [*_wildcards(resource, statement), *_pass_role(resource, statement)]
    ]
    return [*found, *_task_roles(tree)]


def _allowing(tree: Tree) -> Iterator[tuple[Resource, Statement]]:
    for resource in tree.resources:
        policies = resource.properties.get("Policies", []) if resource.type == "AWS::IAM::Role" else []
        documents = [policy["PolicyDocument"] for policy in policies]
        if resource.type in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            documents.append(resource.properties["PolicyDocument"])
        for document in documents:
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    yield resource, statement


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _wildcards(resource: Resource, statement: Statement) -> list[str]:
    actions, resources = _list(statement.get("Action", [])), _list(statement.get("Resource", []))
    found = [
        f"{resource}: Action {action!r} allows what nobody thought of; name each action"
        for action in actions
        if "*" in action
    ]
    if "*" in resources and "iam:PassRole" not in actions:
        found += [
            f"{resource}: {action} on Resource '*'; name what it is for"
            for action in actions
            if action not in WITHOUT_RESOURCE and "*" not in action
        ]
    return found


def _pass_role(resource: Resource, statement: Statement) -> list[str]:
    """A role that may pass any role may become any role."""
    if "iam:PassRole" not in _list(statement.get("Action", [])):
        return []
    found = []
    passed = {str(one).rsplit("/", 1)[-1] for one in _list(statement["Resource"])}
    if foreign := sorted(passed - TASK_ROLES):
        found.append(
            f"{resource}: iam:PassRole for {', '.join(foreign)}; only the six task roles may be passed"
        )
    service = statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
    if service != "ecs-tasks.amazonaws.com":
        found.append(
            f"{resource}: iam:PassRole without the condition iam:PassedToService = ecs-tasks.amazonaws.com"
        )
    return found


def _task_roles(tree: Tree) -> list[str]:
    """Each service's code reaches its own table and no other."""
    roles = {role.properties.get("RoleName"): role for role in tree.of_type("AWS::IAM::Role")}
    found = []
    for service in SERVICES:
        role = roles.get(service.task_role)
        if role is None:
            found.append(
                f"lantern-{service.name}.json: there is no role {service.task_role}, which taskdef.json names"
            )
            continue
        tables = {
            str(one).split("/index/")[0].strip("<>").removesuffix(".Arn").rsplit(".", 1)[-1]
            for policy in role.properties["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            if any(str(action).startswith("dynamodb:") for action in _list(statement["Action"]))
            for one in _list(statement["Resource"])
        }
        own = {service.table.removeprefix("lantern-").title()} if service.table else set()
        if tables != own:
            found.append(f"{role}: reaches the tables {sorted(tables)}, expected its own only: {sorted(own)}")
    return found
