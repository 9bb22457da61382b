"""CodeDeploy's service role: AWS's managed policy for it may touch every service and every function."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.load_balancing.traffic_permissions import read_traffic, shift_traffic
from infra.constructs.role import role
from infra.constructs.stack import arn
from infra.shop import CLUSTER, HOOK_FUNCTION, PROJECT, SERVICES


def codedeploy_role(scope: Construct) -> iam.Role:
    """A role that may replace the three services, change their listeners, call the one hook and read alarms.

    What each step needs: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/codedeploy_IAM_role.html
    """
    statements = [
        _replace_task_sets(),
        pass_task_roles(),
        read_traffic(),
        shift_traffic(),
        *_call_hook_and_read_alarms(),
    ]
    return role(scope, "DeployerRole", f"{PROJECT}-deployer", "codedeploy", statements)


def _replace_task_sets() -> iam.PolicyStatement:
    services = [arn("ecs", f"service/{CLUSTER}/{service.name}") for service in SERVICES]
    task_sets = [arn("ecs", f"task-set/{CLUSTER}/{service.name}/*") for service in SERVICES]
    return iam.PolicyStatement(
        sid="ReplaceTaskSets",
        actions=[
            "ecs:CreateTaskSet",
            "ecs:DeleteTaskSet",
            "ecs:DescribeServices",
            "ecs:UpdateServicePrimaryTaskSet",
        ],
        resources=[*services, *task_sets],
    )


def _call_hook_and_read_alarms() -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="TryNewVersions",
            actions=["lambda:InvokeFunction"],
            resources=[arn("lambda", f"function:{HOOK_FUNCTION}")],
        ),
        # CodeDeploy asks for its alarms without naming them
        iam.PolicyStatement(sid="ReadAlarms", actions=["cloudwatch:DescribeAlarms"], resources=["*"]),
    ]


def pass_task_roles() -> iam.PolicyStatement:
    """Permission to pass the six task and execution roles to ECS, and to no other service."""
    return iam.PolicyStatement(
        sid="PassTaskRoles",
        actions=["iam:PassRole"],
        resources=[
            arn("iam", f"role/{name}", region=False)
            for service in SERVICES
            for name in (service.task_role, service.execution_role)
        ],
        conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    )
