"""The retention of all log groups that the stacks make."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

RETENTION = logs.RetentionDays.ONE_MONTH


def log_group(scope: Construct, name: str, group_name: str) -> logs.LogGroup:
    """A log group that keeps lines for `RETENTION` and is deleted, lines included, with its stack."""
    return logs.LogGroup(
        scope,
        name,
        log_group_name=group_name,
        retention=RETENTION,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def write_logs(*group_arns: str) -> iam.PolicyStatement:
    """Permission to write to the log groups with these ARNs (which end in `:*`)."""
    return iam.PolicyStatement(
        sid="WriteLogs",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=list(group_arns),
    )
