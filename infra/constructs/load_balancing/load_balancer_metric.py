"""CloudWatch metrics that a load balancer publishes, of all its requests or of one target group's."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer

MINUTE = cdk.Duration.minutes(1)


def load_balancer_metric(
    name: str,
    statistic: str,
    balancer: ImportedLoadBalancer,
    target_group: str | None = None,
    *,
    label: str | None = None,
) -> cloudwatch.Metric:
    """A metric by the minute; `target_group` is a full name, `targetgroup/lantern-orders-blue/73e2d6bc`."""
    dimensions = {"LoadBalancer": balancer.full_name}
    if target_group:
        dimensions["TargetGroup"] = target_group
    return cloudwatch.Metric(
        namespace="AWS/ApplicationELB",
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=MINUTE,
        label=label,
    )
