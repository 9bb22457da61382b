"""X-Ray's group of the shop's failing or slow requests, with insights."""

from aws_cdk import aws_xray as xray
from constructs import Construct

from infra.shop import PROJECT, SERVICES

SLOW_S = 1


def xray_group(scope: Construct) -> None:
    """Make the group; X-Ray watches it for anomalies and lists them as insights."""
    services = " OR ".join(f'service("{service.name}")' for service in SERVICES)
    xray.CfnGroup(
        scope,
        "TraceGroup",
        group_name=PROJECT,
        filter_expression=f"({services}) AND (fault OR error OR responsetime > {SLOW_S})",
        insights_configuration=xray.CfnGroup.InsightsConfigurationProperty(
            insights_enabled=True, notifications_enabled=False
        ),
    )
