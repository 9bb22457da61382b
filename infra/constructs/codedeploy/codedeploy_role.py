"""CodeDeploy's role, written by hand: AWS's managed one may touch every service and every function."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.stack import arn
from infra.shop import CLUSTER, HOOK_FUNCTION, PROJECT, SERVICES


def codedeploy_role(scope: Construct) -> iam.Role:
    """May replace the three services, move their listeners, call the one hook and read alarms.

    What each step needs: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/codedeploy_IAM_role.html
    """
    return iam.Role(
        scope,
        "DeployerRole",
        role_name=f"{PROJECT}-deployer",
        assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
        inline_policies={"least": iam.PolicyDocument(statements=[*_services(), *_traffic(), *_watching()])},
    )


def _services() -> list[iam.PolicyStatement]:
    services = [arn("ecs", f"service/{CLUSTER}/{service.name}") for service in SERVICES]
    task_sets = [arn("ecs", f"task-set/{CLUSTER}/{service.name}/*") for service in SERVICES]
    return [
        iam.PolicyStatement(
            sid="ReplaceTaskSets",
            actions=[
                "ecs:CreateTaskSet",
                "ecs:DeleteTaskSet",
                "ecs:DescribeServices",
                "ecs:UpdateServicePrimaryTaskSet",
            ],
            resources=[*services, *task_sets],
        ),
        pass_task_roles(),
    ]


def _traffic() -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="ReadTraffic",
            actions=[
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroups",
            ],
            resources=["*"],  # Elastic Load Balancing knows no resources for its Describe calls
        ),
        iam.PolicyStatement(
            sid="ShiftTraffic",
            actions=["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"],
            resources=[
                arn("elasticloadbalancing", f"{kind}/app/{PROJECT}-{balancer}/*")
                for kind in ("listener", "listener-rule")
                for balancer in ("public", "internal")
            ],
        ),
    ]


def _watching() -> list[iam.PolicyStatement]:
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
    """Permission to hand the six task roles to ECS, and to nobody else."""
    return iam.PolicyStatement(
        sid="PassTaskRoles",
        actions=["iam:PassRole"],
        resources=[
            arn("iam", f"role/{role}", region=False)
            for service in SERVICES
            for role in (service.task_role, service.execution_role)
        ],
        conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    )
