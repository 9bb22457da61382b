"""observability: dashboard, alarms that tell people, saved queries, X-Ray's group and sampling rules."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.observability.dashboard import dashboard
from infra.constructs.observability.logs_insights_queries import logs_insights_queries
from infra.constructs.observability.notifications import Notifications
from infra.constructs.observability.service_metrics import ServiceMetrics
from infra.constructs.observability.xray_sampling import trace_group, trace_sampling
from infra.constructs.stack import LanternStack
from infra.shop import PROJECT, SERVICES

FAILED_PERCENT = 1
SLOW_S = 1


class ObservabilityStack(LanternStack):
    """Looks at what is there; nothing depends on it."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "observability", description="Lantern: dashboard, alarms, queries, X-Ray sampling"
        )
        self._notifications = Notifications(self)
        self.share("TopicArn", self._notifications.topic_arn)
        metrics = {service.name: ServiceMetrics(service) for service in SERVICES}
        dashboard(self, metrics)
        for name, of_service in metrics.items():
            self._alarm(name, "failures", of_service.failed_percent(), FAILED_PERCENT, "% of requests failed")
            self._alarm(name, "slowness", of_service.latency("p95"), SLOW_S, "s at the 95th percentile")
        logs_insights_queries(self)
        trace_group(self)
        trace_sampling(self)

    def _alarm(
        self, service: str, kind: str, metric: cloudwatch.IMetric, threshold: float, unit: str
    ) -> None:
        """For people, over ten minutes; those that stop deployments stand with the services."""
        alarm = cloudwatch.Alarm(
            self,
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
        resource = alarm.node.default_child
        if not isinstance(resource, cloudwatch.CfnAlarm):
            raise TypeError("an alarm's default child is its CfnAlarm")
        resource.alarm_actions = [self._notifications.topic_arn]
        resource.ok_actions = [self._notifications.topic_arn]
