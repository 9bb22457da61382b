"""DynamoDB tables: on demand, with point-in-time recovery and items that end at `expires_at`."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct


def table(
    scope: Construct,
    name: str,
    *,
    table_name: str,
    partition_key: dynamodb.Attribute,
    sort_key: dynamodb.Attribute | None = None,
    removal_policy: cdk.RemovalPolicy,
) -> dynamodb.Table:
    """A table; `removal_policy` says whether it and its items outlive their stack."""
    return dynamodb.Table(
        scope,
        name,
        table_name=table_name,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        partition_key=partition_key,
        sort_key=sort_key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute="expires_at",
        removal_policy=removal_policy,
    )


def text(name: str) -> dynamodb.Attribute:
    """A key attribute of type string."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def number(name: str) -> dynamodb.Attribute:
    """A key attribute of type number."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.NUMBER)
