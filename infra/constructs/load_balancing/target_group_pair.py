"""Two target groups that take turns, and the two listeners that tell who has which traffic."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.stack import take
from infra.shop import CONTAINER_PORT, PROJECT, Service

# Longer than the longest request (DEADLINE_MS, 1.8 s). ECS sends SIGTERM when it is over, and then the
# container has its stopTimeout
DEREGISTRATION_DELAY_S = 15
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
COLOURS = ("blue", "green")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The certificate parameter and the condition that it was given."""

    arn: cdk.CfnParameter
    given: cdk.CfnCondition


class TargetGroupPair(Construct):
    """Each listener has its default rule only, to one target group: CodeDeploy rewrites that one.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html
    """

    def __init__(
        self,
        scope: Construct,
        *,
        service: Service,
        balancer: ImportedLoadBalancer,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(scope, "target_groups")
        self._service, self._balancer = service, balancer
        self.blue, self.green = (self._target_group(colour) for colour in COLOURS)
        self.production = self._production_listener(certificate)
        # On the test listener from the start: a target group without a load balancer takes no tasks
        self.test = self._listener("TestListener", service.test_port, self.green)

    def _target_group(self, colour: str) -> elb.CfnTargetGroup:
        return elb.CfnTargetGroup(
            self,
            f"{colour.title()}TargetGroup",
            name=f"{PROJECT}-{self._service.name}-{colour}",
            vpc_id=take("network", "VpcId"),
            target_type="ip",  # as Fargate needs it
            protocol="HTTP",
            port=CONTAINER_PORT,
            # Alive, not ready: /readyz says 503 while a dependency is down, and the page still works
            health_check_path="/healthz",
            health_check_interval_seconds=10,
            health_check_timeout_seconds=5,
            healthy_threshold_count=2,
            unhealthy_threshold_count=3,
            matcher=elb.CfnTargetGroup.MatcherProperty(http_code="200"),
            target_group_attributes=[
                elb.CfnTargetGroup.TargetGroupAttributeProperty(
                    key="deregistration_delay.timeout_seconds", value=str(DEREGISTRATION_DELAY_S)
                )
            ],
        )

    def _listener(
        self, name: str, port: int, target: elb.CfnTargetGroup, protocol: str = "HTTP"
    ) -> elb.CfnListener:
        return elb.CfnListener(
            self,
            name,
            load_balancer_arn=self._balancer.arn,
            port=port,
            protocol=protocol,
            default_actions=[elb.CfnListener.ActionProperty(type="forward", target_group_arn=target.ref)],
        )

    def _production_listener(self, certificate: Certificate | None) -> elb.CfnListener:
        """With a certificate, HTTPS on 443; without one, HTTP: a trainee's account has no domain."""
        listener = self._listener("ProductionListener", self._service.production_port, self.blue)
        if certificate:
            either = {"Fn::If": [certificate.given.logical_id, 443, self._service.production_port]}
            listener.add_property_override("Port", either)
            listener.add_property_override(
                "Protocol", {"Fn::If": [certificate.given.logical_id, "HTTPS", "HTTP"]}
            )
            none = {"Ref": "AWS::NoValue"}
            listener.add_property_override(
                "SslPolicy", {"Fn::If": [certificate.given.logical_id, TLS_POLICY, none]}
            )
            listener.add_property_override(
                "Certificates",
                {
                    "Fn::If": [
                        certificate.given.logical_id,
                        [{"CertificateArn": {"Ref": certificate.arn.logical_id}}],
                        none,
                    ]
                },
            )
        return listener
