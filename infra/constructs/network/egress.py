"""How the private subnets reach AWS: endpoints with no way out, or one NAT gateway, by one parameter."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.network.security_groups import SecurityGroups

GATEWAYS = ("s3", "dynamodb")  # free, so they are there either way
# Pulling an image needs ecr.api, ecr.dkr and S3; the lifecycle hook answers codedeploy, and asks ec2 for the
# private addresses of the public load balancer. Without the last two it would hang for an hour.
INTERFACES = ("ecr.api", "ecr.dkr", "logs", "xray", "codedeploy", "ec2")


class Egress(Construct):
    """Parameter `Egress`: `endpoints` (nothing inside reaches the internet) or `nat` (cheaper)."""

    def __init__(
        self,
        scope: Construct,
        *,
        vpc: ec2.CfnVPC,
        public_subnet: ec2.CfnSubnet,
        private_subnets: list[ec2.CfnSubnet],
        route_tables: list[ec2.CfnRouteTable],
        security_groups: SecurityGroups,
    ) -> None:
        super().__init__(scope, "egress")
        egress = cdk.CfnParameter(
            self,
            "Egress",
            default="endpoints",
            allowed_values=["endpoints", "nat"],
            description="How tasks reach AWS: endpoints (no way to the internet) or one NAT (cheaper)",
        )
        self._with_nat = cdk.CfnCondition(
            self, "WithNat", expression=cdk.Fn.condition_equals(egress.value_as_string, "nat")
        )
        self._with_endpoints = cdk.CfnCondition(
            self, "WithEndpoints", expression=cdk.Fn.condition_equals(egress.value_as_string, "endpoints")
        )
        self._gateways(vpc, route_tables)
        self._interfaces(vpc, private_subnets, security_groups.groups["Endpoints"])
        self._nat(public_subnet, route_tables)

    def _gateways(self, vpc: ec2.CfnVPC, route_tables: list[ec2.CfnRouteTable]) -> None:
        for service in GATEWAYS:
            ec2.CfnVPCEndpoint(
                self,
                f"{service.title()}Gateway",
                vpc_id=vpc.ref,
                vpc_endpoint_type="Gateway",
                service_name=cdk.Fn.sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                route_table_ids=[table.ref for table in route_tables],
            )

    def _interfaces(self, vpc: ec2.CfnVPC, subnets: list[ec2.CfnSubnet], group: ec2.CfnSecurityGroup) -> None:
        for service in INTERFACES:
            endpoint = ec2.CfnVPCEndpoint(
                self,
                f"{service.title().replace('.', '')}Endpoint",
                vpc_id=vpc.ref,
                vpc_endpoint_type="Interface",
                service_name=cdk.Fn.sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                subnet_ids=[subnet.ref for subnet in subnets],
                security_group_ids=[group.attr_group_id],
                private_dns_enabled=True,
            )
            endpoint.cfn_options.condition = self._with_endpoints

    def _nat(self, subnet: ec2.CfnSubnet, route_tables: list[ec2.CfnRouteTable]) -> None:
        """One for both zones: a demo's price, not a bank's availability."""
        address = ec2.CfnEIP(self, "NatAddress", domain="vpc")
        gateway = ec2.CfnNatGateway(
            self, "NatGateway", subnet_id=subnet.ref, allocation_id=address.attr_allocation_id
        )
        routes = [
            ec2.CfnRoute(
                self,
                f"PrivateDefaultRoute{number}",
                route_table_id=table.ref,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateway.ref,
            )
            for number, table in enumerate(route_tables, 1)
        ]
        for resource in (address, gateway, *routes):
            resource.cfn_options.condition = self._with_nat
