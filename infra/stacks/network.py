"""network: the VPC, who may talk to whom, and the private names of the services."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.network.interface_endpoints import interface_endpoints
from infra.constructs.network.nat_gateway import nat_gateway
from infra.constructs.network.security_groups import SecurityGroups
from infra.constructs.network.vpc import vpc
from infra.constructs.stack import LanternStack
from infra.shop import PRIVATE_ZONE


class NetworkStack(LanternStack):
    """Two zones; load balancers in public subnets, tasks in private ones that the internet can't reach.

    Parameter `Egress`: tasks reach AWS by `endpoints` (nothing reaches the internet) or by `nat` (cheaper).
    """

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "network", description="Lantern: VPC, security groups, endpoints or NAT, private names"
        )
        network = vpc(self)
        security_groups = SecurityGroups(self, vpc=network)
        egress = cdk.CfnParameter(
            self,
            "Egress",
            default="endpoints",
            allowed_values=["endpoints", "nat"],
            description="How tasks reach AWS: endpoints (no way to the internet) or one NAT (cheaper)",
        )
        with_nat, with_endpoints = (
            cdk.CfnCondition(self, name, expression=cdk.Fn.condition_equals(egress.value_as_string, choice))
            for name, choice in (("WithNat", "nat"), ("WithEndpoints", "endpoints"))
        )
        interface_endpoints(
            self,
            vpc=network,
            security_group=security_groups.groups["Endpoints"],
            condition=with_endpoints,
        )
        nat_gateway(self, vpc=network, condition=with_nat)
        # `catalog.lantern.internal` is the same in every account, so task definitions need no look-up
        zone = route53.PrivateHostedZone(self, "PrivateZone", zone_name=PRIVATE_ZONE, vpc=network)
        self._export_all(network, security_groups, zone)

    def _export_all(
        self, network: ec2.Vpc, security_groups: SecurityGroups, zone: route53.PrivateHostedZone
    ) -> None:
        self.export("VpcId", network.vpc_id)
        for kind, subnets in (("Public", network.public_subnets), ("Private", network.isolated_subnets)):
            self.export(f"{kind}Subnets", cdk.Fn.join(",", [subnet.subnet_id for subnet in subnets]))
        self.export("PrivateZoneId", zone.hosted_zone_id)
        for name in security_groups.groups:
            if name != "Endpoints":
                self.export(f"{name}SecurityGroup", security_groups.id_of(name))
