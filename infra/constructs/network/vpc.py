"""The VPC: two zones, public subnets for load balancers, private ones for tasks, and flow logs."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.log_group import log_group
from infra.constructs.stack import import_value, import_values

CIDR = "10.20.0.0/16"
ZONES = 2
LOG_GROUP = "/lantern/network"
# "Isolated": CDK adds no route to the internet. NatGateway adds one where it is asked for
PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)


def vpc(scope: Construct) -> ec2.Vpc:
    """The VPC with gateway endpoints to S3 and DynamoDB, which are free."""
    network = ec2.Vpc(
        scope,
        "Vpc",
        ip_addresses=ec2.IpAddresses.cidr(CIDR),
        max_azs=ZONES,
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(
                name="Public",
                subnet_type=ec2.SubnetType.PUBLIC,
                cidr_mask=24,
                map_public_ip_on_launch=False,  # load balancers and the NAT gateway bring their own addresses
            ),
            ec2.SubnetConfiguration(
                name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
            ),
        ],
        gateway_endpoints={
            f"{name}Gateway": ec2.GatewayVpcEndpointOptions(service=service, subnets=[PRIVATE])
            for name, service in (
                ("S3", ec2.GatewayVpcEndpointAwsService.S3),
                ("Dynamodb", ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            )
        },
    )
    _log_refused_connections(network)
    return network


def _log_refused_connections(network: ec2.Vpc) -> None:
    """Log refused connections only: those are looked for, and all would cost about ten times as much."""
    group = log_group(network, "FlowLogGroup", LOG_GROUP)
    network.add_flow_log(
        "FlowLog",
        destination=ec2.FlowLogDestination.to_cloud_watch_logs(group),
        traffic_type=ec2.FlowLogTrafficType.REJECT,
    )


def import_vpc(scope: Construct) -> ec2.IVpc:
    """The network stack's VPC as a construct of a later stack."""
    return ec2.Vpc.from_vpc_attributes(
        scope,
        "vpc",
        vpc_id=import_value("network", "VpcId"),
        availability_zones=[cdk.Fn.select(zone, cdk.Fn.get_azs()) for zone in range(ZONES)],
        private_subnet_ids=import_values("network", "PrivateSubnets", ZONES),
    )
