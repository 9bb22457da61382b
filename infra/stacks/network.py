"""network: the VPC, who may talk to whom, and the private names of the services."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.network.egress import Egress
from infra.constructs.network.flow_logs import FlowLogs
from infra.constructs.network.security_groups import SecurityGroups
from infra.constructs.stack import LanternStack
from infra.shop import PRIVATE_ZONE, SERVICES

CIDR = "10.20.0.0/16"
ZONES = 2


class NetworkStack(LanternStack):
    """Two zones; load balancers in public subnets, tasks in private ones that the internet can't reach."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "network", description="Lantern: VPC, security groups, endpoints or NAT, private names"
        )
        self._vpc = ec2.CfnVPC(
            self, "Vpc", cidr_block=CIDR, enable_dns_hostnames=True, enable_dns_support=True
        )
        public = [self._subnet("Public", zone, block=zone) for zone in range(ZONES)]
        private = [self._subnet("Private", zone, block=10 + zone) for zone in range(ZONES)]
        self._open_to_the_internet(public)
        security_groups = SecurityGroups(self, vpc=self._vpc, cidr=CIDR)
        tables = self._private_routes(private)
        Egress(
            self,
            vpc=self._vpc,
            public_subnet=public[0],
            private_subnets=private,
            route_tables=tables,
            security_groups=security_groups,
        )
        FlowLogs(self, vpc=self._vpc)
        zone = self._private_names()
        self._share(public, private, security_groups, zone)

    def _subnet(self, kind: str, zone: int, *, block: int) -> ec2.CfnSubnet:
        return ec2.CfnSubnet(
            self,
            f"{kind}Subnet{zone + 1}",
            vpc_id=self._vpc.ref,
            availability_zone=cdk.Fn.select(zone, cdk.Fn.get_azs()),
            cidr_block=f"10.20.{block}.0/24",
            map_public_ip_on_launch=False,  # load balancers and the NAT gateway bring their own addresses
            tags=[cdk.CfnTag(key="Name", value=f"lantern-{kind.lower()}-{zone + 1}")],
        )

    def _open_to_the_internet(self, subnets: list[ec2.CfnSubnet]) -> None:
        gateway = ec2.CfnInternetGateway(self, "InternetGateway")
        attached = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=self._vpc.ref, internet_gateway_id=gateway.ref
        )
        table = ec2.CfnRouteTable(self, "PublicRoutes", vpc_id=self._vpc.ref)
        route = ec2.CfnRoute(
            self,
            "PublicDefaultRoute",
            route_table_id=table.ref,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.ref,
        )
        route.add_resource_dependency(attached)
        for number, subnet in enumerate(subnets, 1):
            ec2.CfnSubnetRouteTableAssociation(
                self, f"PublicRoutesOfSubnet{number}", subnet_id=subnet.ref, route_table_id=table.ref
            )

    def _private_routes(self, subnets: list[ec2.CfnSubnet]) -> list[ec2.CfnRouteTable]:
        tables = []
        for number, subnet in enumerate(subnets, 1):
            table = ec2.CfnRouteTable(self, f"PrivateRoutes{number}", vpc_id=self._vpc.ref)
            ec2.CfnSubnetRouteTableAssociation(
                self, f"PrivateRoutesOfSubnet{number}", subnet_id=subnet.ref, route_table_id=table.ref
            )
            tables.append(table)
        return tables

    def _private_names(self) -> route53.CfnHostedZone:
        """`catalog.lantern.internal` is the same in every account, so task definitions need no look-up."""
        return route53.CfnHostedZone(
            self,
            "PrivateZone",
            name=PRIVATE_ZONE,
            vpcs=[route53.CfnHostedZone.VPCProperty(vpc_id=self._vpc.ref, vpc_region=cdk.Aws.REGION)],
        )

    def _share(
        self,
        public: list[ec2.CfnSubnet],
        private: list[ec2.CfnSubnet],
        security_groups: SecurityGroups,
        zone: route53.CfnHostedZone,
    ) -> None:
        self.share("VpcId", self._vpc.ref)
        self.share("PublicSubnets", cdk.Fn.join(",", [subnet.ref for subnet in public]))
        self.share("PrivateSubnets", cdk.Fn.join(",", [subnet.ref for subnet in private]))
        self.share("PrivateZoneId", zone.attr_id)
        for name in ("PublicLoadBalancer", "InternalLoadBalancer", "Hook"):
            self.share(f"{name}SecurityGroup", security_groups.groups[name].attr_group_id)
        for service in SERVICES:
            name = service.name.title()
            self.share(f"{name}SecurityGroup", security_groups.groups[name].attr_group_id)
