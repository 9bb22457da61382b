"""A service's metrics at its load balancer, summed over its blue and its green target group."""

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.constructs.load_balancing.load_balancer_metric import MINUTE, load_balancer_metric
from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.load_balancing.target_group_pair import COLOURS
from infra.constructs.stack import import_value
from infra.shop import Service


class ServiceMetrics:
    """Requests, failures and latency of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._balancer = ImportedLoadBalancer(public=service.public)

    def requests(self) -> cloudwatch.MathExpression:
        """Requests a minute."""
        return self._sum("RequestCount", f"{self.service.name} requests")

    def failures(self) -> cloudwatch.MathExpression:
        """Responses with a 5xx status a minute."""
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
        """Seconds until the response, at a percentile such as `p95`: the slower target group's."""
        name, by_colour = self.service.name, self._by_colour("TargetResponseTime", statistic)
        return cloudwatch.MathExpression(
            label=f"{name} {statistic}, s",
            expression=f"MAX([FILL({name}_blue, 0), FILL({name}_green, 0)])",
            using_metrics={f"{name}_{colour}": metric for colour, metric in by_colour.items()},
            period=MINUTE,
        )

    def requests_by_colour(self) -> list[cloudwatch.Metric]:
        """Requests a minute of blue and of green, in this order: they show how far a canary is."""
        return list(self._by_colour("RequestCount", "Sum").values())

    def _sum(self, metric: str, label: str) -> cloudwatch.MathExpression:
        prefix = f"{self.service.name}_{'failed' if '5XX' in metric else 'asked'}"
        by_colour = self._by_colour(metric, "Sum")
        return cloudwatch.MathExpression(
            label=label,
            expression=f"FILL({prefix}_blue, 0) + FILL({prefix}_green, 0)",
            using_metrics={f"{prefix}_{colour}": part for colour, part in by_colour.items()},
            period=MINUTE,
        )

    def _by_colour(self, metric: str, statistic: str) -> dict[str, cloudwatch.Metric]:
        return {
            colour: load_balancer_metric(
                metric,
                statistic,
                self._balancer,
                import_value(self.service.name, f"{colour.title()}TargetGroupName"),
                label=f"{self.service.name} {colour}",
            )
            for colour in COLOURS
        }
