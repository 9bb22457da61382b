"""The two application load balancers: one that customers reach, one between the services."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb

from infra.constructs.stack import LanternStack, take
from infra.shop import PROJECT

Attribute = elb.CfnLoadBalancer.LoadBalancerAttributeProperty


def load_balancer(stack: LanternStack, *, public: bool, deletion_protection: str) -> elb.CfnLoadBalancer:
    """Writes access logs, drops invalid headers; later stacks get it from `imported_load_balancer`."""
    kind = _kind(public)
    attributes = {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": take("foundation", "AccessLogBucket"),
        "access_logs.s3.prefix": f"alb/{kind.lower()}",
        "deletion_protection.enabled": deletion_protection,
        "routing.http.drop_invalid_header_fields.enabled": "true",
        # gunicorn keeps connections for 75 s, so that the balancer closes first
        "idle_timeout.timeout_seconds": "60",
    }
    balancer = elb.CfnLoadBalancer(
        stack,
        f"{kind}LoadBalancer",
        name=f"{PROJECT}-{kind.lower()}",
        type="application",
        scheme="internet-facing" if public else "internal",
        subnets=cdk.Fn.split(",", take("network", f"{'Public' if public else 'Private'}Subnets"), 2),
        security_groups=[take("network", f"{kind}LoadBalancerSecurityGroup")],
        load_balancer_attributes=[Attribute(key=key, value=value) for key, value in attributes.items()],
    )
    stack.share(f"{kind}LoadBalancerArn", balancer.ref)
    stack.share(f"{kind}LoadBalancerName", balancer.attr_load_balancer_full_name)
    stack.share(f"{kind}LoadBalancerAddress", balancer.attr_dns_name)
    stack.share(f"{kind}LoadBalancerZone", balancer.attr_canonical_hosted_zone_id)
    return balancer


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLoadBalancer:
    """A load balancer as a later stack sees it."""

    arn: str
    full_name: str  # `app/lantern-public/50dc6c495c0c9188`, CloudWatch's dimension LoadBalancer
    address: str
    zone: str


def imported_load_balancer(*, public: bool) -> ImportedLoadBalancer:
    """The one that the platform stack made."""
    kind = _kind(public)
    return ImportedLoadBalancer(
        arn=take("platform", f"{kind}LoadBalancerArn"),
        full_name=take("platform", f"{kind}LoadBalancerName"),
        address=take("platform", f"{kind}LoadBalancerAddress"),
        zone=take("platform", f"{kind}LoadBalancerZone"),
    )


def _kind(public: bool) -> str:
    return "Public" if public else "Internal"
