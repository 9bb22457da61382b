"""The network's flow logs: which connection was accepted, which refused."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.log_group import log_group
from infra.constructs.stack import arn

LOG_GROUP = "/lantern/network"


class FlowLogs(Construct):
    """Refused connections only: those are the ones that somebody asks about, at a tenth of the price."""

    def __init__(self, scope: Construct, *, vpc: ec2.CfnVPC) -> None:
        super().__init__(scope, "FlowLogs")
        group = log_group(self, "LogGroup", LOG_GROUP)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"),
            inline_policies={
                "write": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                            resources=[arn("logs", f"log-group:{LOG_GROUP}:*")],
                        )
                    ]
                )
            },
        )
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=vpc.ref,
            resource_type="VPC",
            traffic_type="REJECT",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
