"""The alarms that stop a deployment: each kind for **both** target groups, and one for the load balancer.

After every deployment blue and green change parts: an alarm on one of them watches the wrong side
every second time. A target that is gone answers nothing, so no metric of its group tells: the load balancer's
own 502, 503 and 504 do, and they are counted for all of it.
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.load_balancing.target_group_pair import COLOURS, TargetGroupPair
from infra.shop import PROJECT, Service

PERIOD = cdk.Duration.minutes(1)
ERROR_SHARE_PERCENT = 5
LEAST_REQUESTS = 5  # a minute; below that one unlucky request would stop a deployment
SLOW_S = 1.5
UNANSWERED = 5  # a minute


class DeploymentAlarms(Construct):
    """Two of the last three minutes must be bad; one without traffic is good: a canary may get none."""

    def __init__(
        self, scope: Construct, *, service: Service, pair: TargetGroupPair, balancer: ImportedLoadBalancer
    ) -> None:
        super().__init__(scope, "alarms")
        self._service, self._balancer = service, balancer
        groups = dict(zip(COLOURS, (pair.blue, pair.green), strict=True))
        self.all = [self._errors(colour, group) for colour, group in groups.items()]
        self.all += [self._latency(colour, group) for colour, group in groups.items()]
        self.all.append(self._unanswered())

    def _errors(self, colour: str, group: elb.CfnTargetGroup) -> cloudwatch.Alarm:
        share = cloudwatch.MathExpression(
            label=f"share of requests that {self._service.name} {colour} failed, %",
            expression=f"IF(requests >= {LEAST_REQUESTS}, 100 * FILL(errors, 0) / requests, 0)",
            using_metrics={
                "errors": self._metric("HTTPCode_Target_5XX_Count", group, "Sum"),
                "requests": self._metric("RequestCount", group, "Sum"),
            },
            period=PERIOD,
        )
        return self._alarm(colour, "errors", share, ERROR_SHARE_PERCENT, f"over {ERROR_SHARE_PERCENT} % 5xx")

    def _latency(self, colour: str, group: elb.CfnTargetGroup) -> cloudwatch.Alarm:
        p95 = self._metric("TargetResponseTime", group, "p95")
        return self._alarm(colour, "latency", p95, SLOW_S, f"p95 over {SLOW_S} s")

    def _unanswered(self) -> cloudwatch.Alarm:
        metric = self._metric("HTTPCode_ELB_5XX_Count", None, "Sum")
        meaning = f"the load balancer itself answered {UNANSWERED} requests a minute with 5xx"
        return self._alarm("", "unanswered", metric, UNANSWERED - 1, meaning)

    def _metric(self, name: str, group: elb.CfnTargetGroup | None, statistic: str) -> cloudwatch.Metric:
        of_group = {"TargetGroup": group.attr_target_group_full_name} if group else {}
        return cloudwatch.Metric(
            namespace="AWS/ApplicationELB",
            metric_name=name,
            dimensions_map={"LoadBalancer": self._balancer.full_name, **of_group},
            statistic=statistic,
            period=PERIOD,
        )

    def _alarm(
        self, colour: str, kind: str, metric: cloudwatch.IMetric, threshold: float, meaning: str
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            f"{colour.title()}{kind.title()}Alarm",
            alarm_name="-".join(part for part in (PROJECT, self._service.name, colour, kind) if part),
            alarm_description=f"{self._service.name} {colour}".strip()
            + f": {meaning}. Stops a running deployment.",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
