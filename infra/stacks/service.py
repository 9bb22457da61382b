"""catalog, orders, storefront: a stack each, all made alike; by CodeDeploy or, instead, by ECS itself."""

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.codedeploy.blue_green_service import BlueGreenService
from infra.constructs.ecs.ecs_canary_service import EcsCanaryService
from infra.constructs.ecs.task_definition import FirstTaskDefinition
from infra.constructs.ecs.task_roles import TaskRoles
from infra.constructs.load_balancing.load_balancers import imported_load_balancer
from infra.constructs.load_balancing.target_group_pair import Certificate, TargetGroupPair
from infra.constructs.log_group import log_group
from infra.constructs.stack import LanternStack, take
from infra.shop import Service

CANARIES = (
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    "CodeDeployDefault.ECSAllAtOnce",
)


class ServiceStack(LanternStack):
    """What every way of deploying has in common; the subclass says who replaces the service."""

    def __init__(self, scope: Construct, service: Service, *, deployed_by: str) -> None:
        super().__init__(
            scope, service.name, description=f"Lantern: {service.name} on Fargate, deployed by {deployed_by}"
        )
        self.service = service
        self.balancer = imported_load_balancer(public=service.public)
        logs = log_group(self, "LogGroup", service.log_group)
        roles = TaskRoles(self, service=service)
        self.first = FirstTaskDefinition(self, service=service, image_tag=self._image_tag())
        self.first.resource.node.add_dependency(roles, logs)
        self.certificate = self._certificate() if service.public else None
        pair = self.run()
        self.share("BlueTargetGroupName", pair.blue.attr_target_group_full_name)
        self.share("GreenTargetGroupName", pair.green.attr_target_group_full_name)
        if not service.public:
            self._give_name()

    def run(self) -> TargetGroupPair:
        """Make the ECS service and whatever deploys it."""
        raise NotImplementedError

    def _image_tag(self) -> cdk.CfnParameter:
        return cdk.CfnParameter(
            self,
            "ImageTag",  # no default: an image must be there first
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
        given = cdk.CfnCondition(
            self,
            "HasCertificate",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(parameter.value_as_string, "")),
        )
        return Certificate(arn=parameter, given=given)

    def _give_name(self) -> None:
        """The private name under which the other services find it."""
        route53.CfnRecordSet(
            self,
            "Name",
            hosted_zone_id=take("network", "PrivateZoneId"),
            name=self.service.host,
            type="A",
            alias_target=route53.CfnRecordSet.AliasTargetProperty(
                dns_name=self.balancer.address,
                hosted_zone_id=self.balancer.zone,
                evaluate_target_health=False,
            ),
        )


class CodeDeployServiceStack(ServiceStack):
    """Changes rarely: from the first deployment on CodeDeploy owns the listeners and the task definition."""

    def __init__(self, scope: Construct, service: Service) -> None:
        super().__init__(scope, service, deployed_by="CodeDeploy")

    def run(self) -> TargetGroupPair:
        """A service that CodeDeploy replaces."""
        canary = cdk.CfnParameter(
            self,
            "Canary",
            default=CANARIES[0],
            allowed_values=list(CANARIES),
            description="How CodeDeploy shifts traffic to a new version",
        )
        return BlueGreenService(
            self,
            service=self.service,
            first=self.first,
            balancer=self.balancer,
            canary=canary.value_as_string,
            certificate=self.certificate,
        ).pair


class NativeServiceStack(ServiceStack):
    """In place of the stack of the same name: a new ImageTag is a new deployment, by ECS's own canary."""

    def __init__(self, scope: Construct, service: Service) -> None:
        super().__init__(scope, service, deployed_by="ECS's own canary")

    def run(self) -> TargetGroupPair:
        """A service that ECS replaces itself."""
        return EcsCanaryService(
            self,
            service=self.service,
            first=self.first,
            balancer=self.balancer,
            certificate=self.certificate,
        ).pair
