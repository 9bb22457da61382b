"""VPC endpoints by which the private subnets reach AWS's APIs without a way to the internet."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.network.vpc import PRIVATE
from infra.constructs.stack import cfn_resource

# Pulling an image needs ecr.api, ecr.dkr and S3. The smoke test answers codedeploy, and asks ec2 for the
# private addresses of the public load balancer; without these two a deployment would wait an hour for it
SERVICES = ("ecr.api", "ecr.dkr", "logs", "xray", "codedeploy", "ec2")


def interface_endpoints(
    scope: Construct, *, vpc: ec2.Vpc, security_group: ec2.ISecurityGroup, condition: cdk.CfnCondition
) -> None:
    """Make one endpoint for each of `SERVICES` in both private subnets where `condition` holds."""
    for service in SERVICES:
        endpoint = ec2.InterfaceVpcEndpoint(
            scope,
            f"{service.title().replace('.', '')}Endpoint",
            vpc=vpc,
            service=ec2.InterfaceVpcEndpointAwsService(service),
            subnets=PRIVATE,
            security_groups=[security_group],
            open=False,  # the security group has its own list of who may connect
        )
        cfn_resource(endpoint).cfn_options.condition = condition
