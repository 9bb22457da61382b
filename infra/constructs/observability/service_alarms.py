"""The alarms that tell people that a service fails or is slow, with their thresholds."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.observability.service_metrics import ServiceMetrics
from infra.shop import PROJECT

FAILED_PERCENT = 1
LATENCY_P95_S = 1


def service_alarms(scope: Construct, *, service: str, metrics: ServiceMetrics, topic: sns.ITopic) -> None:
    """Make both alarms of a service. Those that stop a deployment are in codedeploy/deployment_alarms.py."""
    for kind, metric, threshold, unit in (
        ("failures", metrics.failed_percent(), FAILED_PERCENT, "% of requests failed"),
        ("slowness", metrics.latency("p95"), LATENCY_P95_S, "s at the 95th percentile"),
    ):
        alarm = cloudwatch.Alarm(
            scope,
            f"{service.title()}{kind.title()}",
            alarm_name=f"{PROJECT}-{service}-{kind}",
            alarm_description=f"{service}: over {threshold} {unit}, both target groups together",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=10,
            datapoints_to_alarm=5,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        notify(alarm, topic)


def notify(alarm: cloudwatch.Alarm, topic: sns.ITopic) -> None:
    """Publish to `topic` when the alarm goes off and when it is over."""
    action = cloudwatch_actions.SnsAction(topic)
    alarm.add_alarm_action(action)
    alarm.add_ok_action(action)
