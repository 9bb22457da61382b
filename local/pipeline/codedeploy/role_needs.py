"""What CodeDeploy does with the deployment group's role in each step of an ECS deployment.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/codedeploy_IAM_role.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local.iam.operations import Access, passed_role
from local.pipeline.architecture import DeploymentGroup, Listener, full_name
from local.pipeline.codedeploy.deployment_machine import END_OF_BLUE
from local.pipeline.identifiers import arn

READS = ("DescribeTargetGroups", "DescribeListeners", "DescribeRules")


def needs(
    group: DeploymentGroup, definition: Mapping[str, Any], hooks: Mapping[str, str], green: str
) -> Iterator[tuple[str, Access]]:
    """Each need with its step: the lifecycle event's name, or END_OF_BLUE.

    `definition` is the new task definition, `hooks` maps events to functions, `green` is the task set's id.
    """
    service = arn("ecs", f"service/{group.cluster}/{group.service}")
    task_set = arn("ecs", f"task-set/{group.cluster}/{group.service}/{green.rpartition('/')[2]}")
    if group.alarms:
        yield "Install", Access("cloudwatch:DescribeAlarms")
    yield "Install", Access("ecs:DescribeServices", service)
    for read in READS:
        yield "Install", Access(f"elasticloadbalancing:{read}")
    for role in ("taskRoleArn", "executionRoleArn"):
        if definition.get(role):
            yield "Install", passed_role(definition[role])
    yield "Install", Access("ecs:CreateTaskSet", service)
    yield "AllowTestTraffic", _modify(group.test)
    for event, function in hooks.items():
        yield event, Access("lambda:InvokeFunction", arn("lambda", f"function:{function}"))
    yield "AllowTraffic", _modify(group.production)
    yield "AllowTraffic", Access("ecs:UpdateServicePrimaryTaskSet", service)
    yield END_OF_BLUE, Access("ecs:DeleteTaskSet", task_set)


def _modify(listener: Listener) -> Access:
    name = full_name("app", listener.balancer)
    listener_id = full_name("listener", listener.name).rpartition("/")[2]
    return Access(
        "elasticloadbalancing:ModifyListener", arn("elasticloadbalancing", f"listener/{name}/{listener_id}")
    )
