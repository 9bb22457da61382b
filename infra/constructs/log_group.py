"""A log group that ends: lines after a month, itself with its stack."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

RETENTION = logs.RetentionDays.ONE_MONTH


def log_group(scope: Construct, name: str, group_name: str) -> logs.LogGroup:
    """Owned by the stack, so that taking the stack away takes the lines away."""
    return logs.LogGroup(
        scope,
        name,
        log_group_name=group_name,
        retention=RETENTION,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
