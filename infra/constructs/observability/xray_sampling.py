"""X-Ray: the shop's own group, and how many of its requests are traced."""

from dataclasses import dataclass

from aws_cdk import aws_xray as xray
from constructs import Construct

from infra.shop import PROJECT, SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A sampling rule. `reservoir`: traces a second before `rate`, a share of 0 to 1, applies to the rest."""

    name: str
    priority: int  # the lowest that matches decides
    method: str = "*"
    path: str = "*"
    reservoir: int
    rate: float


# On a laptop every request is sampled; on AWS each trace has its price
RULES = (
    Rule(name="lantern-static", priority=100, path="/static/*", reservoir=0, rate=0),
    Rule(name="lantern-orders", priority=200, method="POST", reservoir=10, rate=1),
    Rule(name="lantern", priority=300, reservoir=1, rate=0.05),
)


def trace_group(scope: Construct) -> None:
    """Failing or slow requests of the shop, with insights on."""
    names = " OR ".join(f'service("{service.name}")' for service in SERVICES)
    xray.CfnGroup(
        scope,
        "TraceGroup",
        group_name=PROJECT,
        filter_expression=f"({names}) AND (fault OR error OR responsetime > 1)",
        insights_configuration=xray.CfnGroup.InsightsConfigurationProperty(
            insights_enabled=True, notifications_enabled=False
        ),
    )


def trace_sampling(scope: Construct) -> None:
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html"""
    for rule in RULES:
        xray.CfnSamplingRule(
            scope,
            "".join(part.title() for part in rule.name.split("-")) + "Sampling",
            sampling_rule=xray.CfnSamplingRule.SamplingRuleProperty(
                version=1,
                rule_name=rule.name,
                priority=rule.priority,
                service_name="*",
                service_type="*",
                host="*",
                resource_arn="*",
                http_method=rule.method,
                url_path=rule.path,
                reservoir_size=rule.reservoir,
                fixed_rate=rule.rate,
            ),
        )
