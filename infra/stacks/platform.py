"""platform: what the three services stand on: load balancers, cluster, CodeDeploy's application and role."""

import aws_cdk as cdk
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.codedeploy.codedeploy_role import codedeploy_role
from infra.constructs.load_balancing.load_balancers import load_balancer
from infra.constructs.log_group import log_group
from infra.constructs.stack import LanternStack
from infra.shop import CLUSTER, CODEDEPLOY_APPLICATION, XRAY_LOG_GROUP


class PlatformStack(LanternStack):
    """Holds nothing that a deployment of a service changes."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "platform", description="Lantern: load balancers, ECS cluster, CodeDeploy application"
        )
        protection = cdk.CfnParameter(
            self,
            "DeletionProtection",
            default="false",
            allowed_values=["true", "false"],
            description="true: the load balancers refuse to be deleted",
        )
        for public in (True, False):
            load_balancer(self, public=public, deletion_protection=protection.value_as_string)
        ecs.CfnCluster(self, "Cluster", cluster_name=CLUSTER)
        log_group(self, "XrayDaemonLogGroup", XRAY_LOG_GROUP)
        codedeploy.CfnApplication(
            self, "Application", application_name=CODEDEPLOY_APPLICATION, compute_platform="ECS"
        )
        self.share("DeployerRoleArn", codedeploy_role(self).role_arn)
