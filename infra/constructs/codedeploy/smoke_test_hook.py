"""CodeDeploy's lifecycle hook, which tries a new version through the test listener before customers get it.

The code is `infra/lambdas/smoke_test.py`; the paths that it asks are in `infra/shop.py`.
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra import lambdas
from infra.constructs.codedeploy.deployment_group import deployment_group_arns
from infra.constructs.lambda_function import LambdaFunction
from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.network.vpc import import_vpc
from infra.constructs.stack import import_value
from infra.shop import HOOK_FUNCTION, SERVICES, Service

CODE = Path(lambdas.__file__).with_name("smoke_test.py")


def smoke_test_hook(stack: cdk.Stack) -> None:
    """Make the function, inside the VPC. It tries all three services; CodeDeploy tells it which of them."""
    network = import_vpc(stack)
    LambdaFunction(
        stack,
        "SmokeHook",
        function_name=HOOK_FUNCTION,
        role_name="lantern-smoke-hook",
        log_group_name="/lantern/smoke-hook",
        statements=_statements(),
        description="Tries a new version through the test listener before customers get it",
        handler="index.handler",
        code=lambda_.Code.from_inline(CODE.read_text()),
        timeout=cdk.Duration.minutes(3),  # infra/checks/smoke_test.py multiplies out what it needs
        memory_size=256,
        environment={
            "SMOKE_TESTS": stack.to_json_string({service.name: _test(service) for service in SERVICES})
        },
        vpc=network,
        vpc_subnets=ec2.SubnetSelection(subnets=network.private_subnets),
        security_groups=[
            ec2.SecurityGroup.from_security_group_id(
                stack, "security_group", import_value("network", "HookSecurityGroup"), mutable=False
            )
        ],
    )


def _test(service: Service) -> dict[str, Any]:
    """What the function's `hosts` and `problems` take: the load balancer, the port and the paths to ask."""
    balancer = ImportedLoadBalancer(public=service.public)
    target = {"load_balancer": balancer.full_name} if service.public else {"host": balancer.address}
    return {**target, "port": service.test_port, "paths": list(service.smoke_paths)}


def _statements() -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="AnswerCodeDeploy",
            actions=["codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"],
            resources=deployment_group_arns(),
        ),
        # What Lambda needs to put a function into a network; EC2 knows no resources for the Describe calls
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        iam.PolicyStatement(
            sid="LiveInTheNetwork",
            actions=[
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
            ],
            resources=["*"],
        ),
    ]
