"""The alarms that stop a deployment, with their thresholds.

After every deployment blue and green change parts: an alarm on one target group watches the wrong side every
second time, so each kind of alarm exists for **both**. A target that is gone answers nothing, so no metric of
its group shows it: the load balancer's own 502, 503 and 504 do, counted for the whole load balancer.
"""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.load_balancing.load_balancer_metric import MINUTE, load_balancer_metric
from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.shop import PROJECT

ERROR_PERCENT = 5
LEAST_REQUESTS = 5  # a minute; with fewer, one unlucky request would stop a deployment
LATENCY_P95_S = 1.5
LOAD_BALANCER_ERRORS = 5  # a minute


class DeploymentAlarms(Construct):
    """An alarm goes off when two of the last three minutes are bad; a minute without traffic is good."""

    def __init__(self, scope: Construct, target_groups: TargetGroupPair) -> None:
        super().__init__(scope, "alarms")
        self._name, self._balancer = target_groups.service.name, target_groups.balancer
        by_colour = target_groups.by_colour.items()
        self.all = [self._errors(colour, group) for colour, group in by_colour]
        self.all += [self._latency(colour, group) for colour, group in by_colour]
        self.all.append(self._load_balancer_errors())

    def _errors(self, colour: str, group: elb.ApplicationTargetGroup) -> cloudwatch.Alarm:
        share = cloudwatch.MathExpression(
            label=f"share of requests that {self._name} {colour} failed, %",
            expression=f"IF(requests >= {LEAST_REQUESTS}, 100 * FILL(errors, 0) / requests, 0)",
            using_metrics={
                "errors": self._metric("HTTPCode_Target_5XX_Count", group, "Sum"),
                "requests": self._metric("RequestCount", group, "Sum"),
            },
            period=MINUTE,
        )
        return self._alarm(colour, "errors", share, ERROR_PERCENT, f"over {ERROR_PERCENT} % 5xx")

    def _latency(self, colour: str, group: elb.ApplicationTargetGroup) -> cloudwatch.Alarm:
        p95 = self._metric("TargetResponseTime", group, "p95")
        return self._alarm(colour, "latency", p95, LATENCY_P95_S, f"p95 over {LATENCY_P95_S} s")

    def _load_balancer_errors(self) -> cloudwatch.Alarm:
        metric = self._metric("HTTPCode_ELB_5XX_Count", None, "Sum")
        meaning = f"the load balancer itself answered {LOAD_BALANCER_ERRORS} requests a minute with 5xx"
        return self._alarm("", "unanswered", metric, LOAD_BALANCER_ERRORS - 1, meaning)

    def _metric(
        self, name: str, group: elb.ApplicationTargetGroup | None, statistic: str
    ) -> cloudwatch.Metric:
        target_group = group.target_group_full_name if group else None
        return load_balancer_metric(name, statistic, self._balancer, target_group)

    def _alarm(
        self, colour: str, kind: str, metric: cloudwatch.IMetric, threshold: float, meaning: str
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            f"{colour.title()}{kind.title()}Alarm",
            alarm_name="-".join(part for part in (PROJECT, self._name, colour, kind) if part),
            alarm_description=f"{f'{self._name} {colour}'.strip()}: {meaning}. Stops a running deployment.",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
