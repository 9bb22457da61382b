"""observability: dashboard, alarms that tell people, saved queries, X-Ray's group and sampling rules."""

from constructs import Construct

from infra.constructs.observability.dashboard import dashboard
from infra.constructs.observability.logs_insights_queries import logs_insights_queries
from infra.constructs.observability.notifications import Notifications
from infra.constructs.observability.service_alarms import service_alarms
from infra.constructs.observability.service_metrics import ServiceMetrics
from infra.constructs.observability.xray_group import xray_group
from infra.constructs.observability.xray_sampling_rules import xray_sampling_rules
from infra.constructs.stack import LanternStack
from infra.shop import SERVICES


class ObservabilityStack(LanternStack):
    """Reads what the services' stacks export; only the DORA stack's alarms need it, for the topic."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "observability", description="Lantern: dashboard, alarms, queries, X-Ray sampling"
        )
        topic = Notifications(self).topic
        self.export("TopicArn", topic.topic_arn)
        metrics = {service.name: ServiceMetrics(service) for service in SERVICES}
        dashboard(self, metrics)
        for service, service_metrics in metrics.items():
            service_alarms(self, service=service, metrics=service_metrics, topic=topic)
        logs_insights_queries(self)
        xray_group(self)
        xray_sampling_rules(self)
