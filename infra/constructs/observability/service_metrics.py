"""A service's metrics as its customers feel them: both target groups together."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.constructs.load_balancing.load_balancers import imported_load_balancer
from infra.constructs.stack import take
from infra.shop import Service

MINUTE = cdk.Duration.minutes(1)


class ServiceMetrics:
    """Requests, failures and latency of one service at its load balancer."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._balancer = imported_load_balancer(public=service.public)

    def requests(self) -> cloudwatch.MathExpression:
        """Requests a minute."""
        return self._sum("RequestCount", f"{self.service.name} requests")

    def failures(self) -> cloudwatch.MathExpression:
        """Answers with 5xx a minute."""
        return self._sum("HTTPCode_Target_5XX_Count", f"{self.service.name} 5xx")

    def failed_percent(self) -> cloudwatch.MathExpression:
        """The share of requests that failed, in percent."""
        name = self.service.name  # ids must differ between the services of one graph
        return cloudwatch.MathExpression(
            label=f"{name} failed, %",
            expression=f"IF({name}_requests > 0, 100 * {name}_failures / {name}_requests, 0)",
            using_metrics={f"{name}_requests": self.requests(), f"{name}_failures": self.failures()},
            period=MINUTE,
        )

    def latency(self, statistic: str) -> cloudwatch.MathExpression:
        """Seconds until the answer: of the two target groups, the slower one."""
        name, pair = self.service.name, self._pair("TargetResponseTime", statistic)
        return cloudwatch.MathExpression(
            label=f"{name} {statistic}, s",
            expression=f"MAX([FILL({name}_blue, 0), FILL({name}_green, 0)])",
            using_metrics={f"{name}_{colour}": one for colour, one in pair.items()},
            period=MINUTE,
        )

    def requests_by_colour(self) -> list[cloudwatch.Metric]:
        """Requests of blue and of green: how far a canary has come."""
        return list(self._pair("RequestCount", "Sum").values())

    def _sum(self, metric: str, label: str) -> cloudwatch.MathExpression:
        prefix = f"{self.service.name}_{'failed' if '5XX' in metric else 'asked'}"
        pair = self._pair(metric, "Sum")
        return cloudwatch.MathExpression(
            label=label,
            expression=f"FILL({prefix}_blue, 0) + FILL({prefix}_green, 0)",
            using_metrics={f"{prefix}_{colour}": one for colour, one in pair.items()},
            period=MINUTE,
        )

    def _pair(self, metric: str, statistic: str) -> dict[str, cloudwatch.Metric]:
        return {
            colour: cloudwatch.Metric(
                namespace="AWS/ApplicationELB",
                metric_name=metric,
                dimensions_map={
                    "LoadBalancer": self._balancer.full_name,
                    "TargetGroup": take(self.service.name, f"{colour.title()}TargetGroupName"),
                },
                statistic=statistic,
                period=MINUTE,
                label=f"{self.service.name} {colour}",
            )
            for colour in ("blue", "green")
        }
