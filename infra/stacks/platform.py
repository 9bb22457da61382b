"""platform: what the three services share: load balancers, ECS cluster, CodeDeploy's application and role."""

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
    """Nothing in it is changed by the deployment of a service."""

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
        codedeploy.EcsApplication(self, "Application", application_name=CODEDEPLOY_APPLICATION)
        self.export("DeployerRoleArn", codedeploy_role(self).role_arn)
