"""A service's two target groups, blue and green, and the two listeners that say which has which traffic."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.network.vpc import import_vpc
from infra.constructs.stack import cfn_resource
from infra.shop import CONTAINER_PORT, PROJECT, Service

# Longer than the longest request (DEADLINE_MS, 1.8 s). ECS sends SIGTERM when it is over, and then the
# container has its stopTimeout
DEREGISTRATION_DELAY = cdk.Duration.seconds(15)
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
COLOURS = ("blue", "green")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The parameter that names a certificate, and the condition that it is not empty."""

    arn: cdk.CfnParameter
    exists: cdk.CfnCondition


class TargetGroupPair(Construct):
    """Each listener has only its default rule, to one target group: CodeDeploy rewrites that rule.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html
    """

    def __init__(
        self,
        scope: Construct,
        service: Service,
        *,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(scope, "target_groups")
        self.service, self.balancer = service, ImportedLoadBalancer(public=service.public)
        self._vpc, self._load_balancer = import_vpc(self), self.balancer.construct(self)
        self.blue, self.green = (self._target_group(colour) for colour in COLOURS)
        self.by_colour = dict(zip(COLOURS, (self.blue, self.green), strict=True))
        self.production = self._listener("ProductionListener", service.production_port, self.blue)
        if certificate:
            self._use_https(certificate)
        # On the test listener from the start: a target group without a load balancer takes no tasks
        self.test = self._listener("TestListener", service.test_port, self.green)
        # CodeDeploy swaps what they forward to, and a target group that is forwarded to can't be deleted
        cfn_resource(self.production).add_dependency(cfn_resource(self.green))
        cfn_resource(self.test).add_dependency(cfn_resource(self.blue))

    def _target_group(self, colour: str) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            f"{colour.title()}TargetGroup",
            target_group_name=f"{PROJECT}-{self.service.name}-{colour}",
            vpc=self._vpc,
            target_type=elb.TargetType.IP,  # as Fargate needs it
            protocol=elb.ApplicationProtocol.HTTP,
            port=CONTAINER_PORT,
            deregistration_delay=DEREGISTRATION_DELAY,
            # Alive, not ready: /readyz says 503 while a dependency is down, and the page still works
            health_check=elb.HealthCheck(
                path="/healthz",
                interval=cdk.Duration.seconds(10),
                timeout=cdk.Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
                healthy_http_codes="200",
            ),
        )

    def _listener(self, name: str, port: int, target: elb.ApplicationTargetGroup) -> elb.ApplicationListener:
        return elb.ApplicationListener(
            self,
            name,
            load_balancer=self._load_balancer,
            port=port,
            protocol=elb.ApplicationProtocol.HTTP,
            open=False,  # the security groups have their own list of who may connect
            default_target_groups=[target],
        )

    def _use_https(self, certificate: Certificate) -> None:
        """Make the production listener HTTPS on 443 where there is a certificate; many accounts have none."""
        listener, exists = cfn_resource(self.production), certificate.exists.logical_id
        absent = {"Ref": "AWS::NoValue"}
        for key, https, http in (
            ("Port", 443, self.service.production_port),
            ("Protocol", "HTTPS", "HTTP"),
            ("SslPolicy", TLS_POLICY, absent),
            ("Certificates", [{"CertificateArn": {"Ref": certificate.arn.logical_id}}], absent),
        ):
            listener.add_property_override(key, {"Fn::If": [exists, https, http]})
