"""The two application load balancers: one that customers reach, one between the services."""

from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.network.vpc import ZONES
from infra.constructs.stack import LanternStack, import_value, import_values
from infra.shop import PROJECT

Attribute = elb.CfnLoadBalancer.LoadBalancerAttributeProperty


def load_balancer(stack: LanternStack, *, public: bool, deletion_protection: str) -> None:
    """Make one of the two and export what later stacks need; it writes access logs and drops invalid headers.

    Written in CloudFormation's terms: CDK's own construct must know the region to write access logs.
    """
    kind = _kind(public)
    attributes = {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": import_value("foundation", "AccessLogBucket"),
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
        subnets=import_values("network", f"{'Public' if public else 'Private'}Subnets", ZONES),
        security_groups=[import_value("network", f"{kind}LoadBalancerSecurityGroup")],
        load_balancer_attributes=[Attribute(key=key, value=value) for key, value in attributes.items()],
    )
    stack.export(f"{kind}LoadBalancerArn", balancer.ref)
    stack.export(f"{kind}LoadBalancerName", balancer.attr_load_balancer_full_name)
    stack.export(f"{kind}LoadBalancerAddress", balancer.attr_dns_name)
    stack.export(f"{kind}LoadBalancerZone", balancer.attr_canonical_hosted_zone_id)


class ImportedLoadBalancer:
    """A load balancer of the platform stack, as later stacks see it."""

    def __init__(self, *, public: bool) -> None:
        self._kind = _kind(public)
        self.arn = import_value("platform", f"{self._kind}LoadBalancerArn")
        # `app/lantern-public/50dc6c495c0c9188`, the value of CloudWatch's dimension LoadBalancer
        self.full_name = import_value("platform", f"{self._kind}LoadBalancerName")
        self.address = import_value("platform", f"{self._kind}LoadBalancerAddress")
        self.hosted_zone_id = import_value("platform", f"{self._kind}LoadBalancerZone")

    def construct(self, scope: Construct) -> elb.IApplicationLoadBalancer:
        """The same as a construct that can be given listeners."""
        return elb.ApplicationLoadBalancer.from_application_load_balancer_attributes(
            scope,
            "load_balancer",
            load_balancer_arn=self.arn,
            security_group_id=import_value("network", f"{self._kind}LoadBalancerSecurityGroup"),
        )


def _kind(public: bool) -> str:
    return "Public" if public else "Internal"
