"""The lifecycle hook as a function: in the network, with the right to answer CodeDeploy and nothing else."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import lambdas
from infra.constructs.load_balancing.load_balancers import imported_load_balancer
from infra.constructs.log_group import log_group
from infra.constructs.stack import arn, take
from infra.shop import CODEDEPLOY_APPLICATION, HOOK_FUNCTION, SERVICES, Service

CODE = Path(lambdas.__file__).with_name("smoke_test.py")
LOG_GROUP = "/lantern/smoke-hook"
TIMEOUT_S = 120


class SmokeTestHook(Construct):
    """One for all three services; it asks CodeDeploy which one it has before it."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "SmokeHook")
        group = log_group(self, "LogGroup", LOG_GROUP)
        role = iam.Role(
            self,
            "Role",
            role_name="lantern-smoke-hook",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"least": iam.PolicyDocument(statements=_statements())},
        )
        lambda_.CfnFunction(
            self,
            "Function",
            function_name=HOOK_FUNCTION,
            description="Tries a new version through the test listener before customers get it",
            runtime="python3.14",
            architectures=["arm64"],
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=CODE.read_text()),
            role=role.role_arn,
            timeout=TIMEOUT_S,
            memory_size=256,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group.log_group_name),
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={"SMOKE_TESTS": cdk.Fn.join("", _tests())}
            ),
            vpc_config=lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=cdk.Fn.split(",", take("network", "PrivateSubnets"), 2),
                security_group_ids=[take("network", "HookSecurityGroup")],
            ),
        )


def _tests() -> list[str]:
    """The environment variable, cut where CloudFormation must put a value in."""
    text = json.dumps({service.name: _test(service) for service in SERVICES})
    parts = []
    for marker, value in (
        ("@internal", imported_load_balancer(public=False).address),
        ("@public", imported_load_balancer(public=True).full_name),
    ):
        while marker in text:
            before, text = text.split(marker, 1)
            parts += [before, value]
    return [*parts, text]


def _test(service: Service) -> dict[str, Any]:
    where = {"load_balancer": "@public"} if service.public else {"host": "@internal"}
    return {**where, "port": service.test_port, "paths": list(service.smoke_paths)}


def _statements() -> list[iam.PolicyStatement]:
    groups = [
        arn("codedeploy", f"deploymentgroup:{CODEDEPLOY_APPLICATION}/{service.name}") for service in SERVICES
    ]
    return [
        iam.PolicyStatement(
            sid="AnswerCodeDeploy",
            actions=["codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"],
            resources=groups,
        ),
        iam.PolicyStatement(
            sid="WriteLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[arn("logs", f"log-group:{LOG_GROUP}:*")],
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
