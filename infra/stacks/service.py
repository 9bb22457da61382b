"""catalog, orders, storefront: a stack each, made alike, deployed by CodeDeploy or by ECS itself."""

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.codedeploy.blue_green_service import blue_green_service
from infra.constructs.ecs.ecs_canary_service import ecs_canary_service
from infra.constructs.ecs.task_definition import task_definition
from infra.constructs.ecs.task_roles import TaskRoles
from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.load_balancing.target_group_pair import Certificate, TargetGroupPair
from infra.constructs.log_group import log_group
from infra.constructs.stack import LanternStack, import_value
from infra.shop import Service


class ServiceStack(LanternStack):
    """A service behind its load balancer, deployed by CodeDeploy or, with `ecs_canary`, by ECS itself.

    With CodeDeploy the stack changes rarely: CodeDeploy owns its listeners and its task definition. The stack
    with ECS's canary takes the place of that of the same name; in it a new ImageTag is a new deployment.
    """

    def __init__(self, scope: Construct, service: Service, *, ecs_canary: bool = False) -> None:
        deployer = "ECS's own canary" if ecs_canary else "CodeDeploy"
        super().__init__(
            scope, service.name, description=f"Lantern: {service.name} on Fargate, deployed by {deployer}"
        )
        logs = log_group(self, "LogGroup", service.log_group)
        roles = TaskRoles(self, service)
        revision = task_definition(self, service, image_tag=self._image_tag())
        revision.node.add_dependency(roles, logs)
        certificate = self._certificate() if service.public else None
        target_groups = TargetGroupPair(self, service, certificate=certificate)
        deploy = ecs_canary_service if ecs_canary else blue_green_service
        deploy(self, target_groups, revision)
        for colour, target_group in target_groups.by_colour.items():
            self.export(f"{colour.title()}TargetGroupName", target_group.target_group_full_name)
        if not service.public:
            self._private_name(service, target_groups.balancer)

    def _image_tag(self) -> cdk.CfnParameter:
        return cdk.CfnParameter(
            self,
            "ImageTag",  # no default: the image must be in its repository first
            allowed_pattern=r"[\w.-]{1,128}",
            description="Tag of the service's image in its ECR repository",
        )

    def _certificate(self) -> Certificate:
        parameter = cdk.CfnParameter(
            self,
            "CertificateArn",
            default="",
            allowed_pattern="|arn:[a-z-]+:acm:.+",
            description="ACM certificate for HTTPS on 443; empty: HTTP on 80",
        )
        exists = cdk.CfnCondition(
            self,
            "HasCertificate",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(parameter.value_as_string, "")),
        )
        return Certificate(arn=parameter, exists=exists)

    def _private_name(self, service: Service, balancer: ImportedLoadBalancer) -> None:
        """Make the DNS record under which the other services call this one."""
        route53.CfnRecordSet(
            self,
            "Name",
            hosted_zone_id=import_value("network", "PrivateZoneId"),
            name=service.host,
            type="A",
            alias_target=route53.CfnRecordSet.AliasTargetProperty(
                dns_name=balancer.address,
                hosted_zone_id=balancer.hosted_zone_id,
                evaluate_target_health=False,
            ),
        )
