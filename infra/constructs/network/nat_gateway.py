"""The NAT gateway by which the private subnets reach the internet, in place of the interface endpoints."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct


def nat_gateway(scope: Construct, *, vpc: ec2.Vpc, condition: cdk.CfnCondition) -> None:
    """Make one NAT gateway for both zones where `condition` holds: if its zone fails, both are cut off.

    Address and gateway wait for the internet gateway's attachment, and go before it is undone.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
    """
    address = ec2.CfnEIP(scope, "NatAddress", domain="vpc")
    gateway = ec2.CfnNatGateway(
        scope,
        "NatGateway",
        subnet_id=vpc.public_subnets[0].subnet_id,
        allocation_id=address.attr_allocation_id,
    )
    routes = [
        ec2.CfnRoute(
            scope,
            f"PrivateDefaultRoute{number}",
            route_table_id=subnet.route_table.route_table_id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=gateway.ref,
        )
        for number, subnet in enumerate(vpc.isolated_subnets, 1)
    ]
    for needs_internet in (address, gateway):
        needs_internet.node.add_dependency(vpc.node.find_child("VPCGW"))  # CDK's name of the attachment
    for resource in (address, gateway, *routes):
        resource.cfn_options.condition = condition
