"""X-Ray's sampling rules: which share of the shop's requests is traced."""

from dataclasses import dataclass

from aws_cdk import aws_xray as xray
from constructs import Construct

from infra.shop import SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRule:
    """The first `reservoir` requests a second are traced, of the others the share `rate` (0 to 1)."""

    name: str
    service: str  # never "*": the rules are the account's, and others trace there too
    priority: int  # the lowest that matches decides
    method: str = "*"
    path: str = "*"
    reservoir: int
    rate: float


# On a laptop every request is sampled; on AWS each trace has its price
RULES = (
    SamplingRule(
        name="lantern-static", service="storefront", priority=100, path="/static/*", reservoir=0, rate=0
    ),
    SamplingRule(
        name="lantern-orders", service="storefront", priority=200, method="POST", reservoir=10, rate=1
    ),
    *(
        SamplingRule(
            name=f"lantern-{service.name}-any", service=service.name, priority=300, reservoir=1, rate=0.05
        )
        for service in SERVICES
    ),
)


def xray_sampling_rules(scope: Construct) -> None:
    """Make `RULES`: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html"""
    for rule in RULES:
        xray.CfnSamplingRule(
            scope,
            "".join(part.title() for part in rule.name.split("-")) + "Sampling",
            sampling_rule=xray.CfnSamplingRule.SamplingRuleProperty(
                version=1,
                rule_name=rule.name,
                priority=rule.priority,
                service_name=rule.service,
                service_type="*",
                host="*",
                resource_arn="*",
                http_method=rule.method,
                url_path=rule.path,
                reservoir_size=rule.reservoir,
                fixed_rate=rule.rate,
            ),
        )
