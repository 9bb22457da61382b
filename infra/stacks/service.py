"""catalog, orders, storefront: one stack each, all made by this one class."""

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.blue_green_pair import Certificate
from infra.constructs.blue_green_service import BlueGreenService
from infra.constructs.lantern_stack import LanternStack, take
from infra.constructs.load_balancers import TheLoadBalancer, the_load_balancer
from infra.constructs.log_group import log_group
from infra.constructs.service_roles import ServiceRoles
from infra.constructs.task_definition import FirstTaskDefinition
from infra.shop import Service

CANARIES = (
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    "CodeDeployDefault.ECSAllAtOnce",
)


class ServiceStack(LanternStack):
    """Changes rarely: from the first deployment on CodeDeploy owns the listeners and the task definition."""

    def __init__(self, scope: Construct, service: Service) -> None:
        super().__init__(
            scope, service.name, description=f"Lantern: {service.name} on Fargate, deployed by CodeDeploy"
        )
        self._service = service
        balancer = the_load_balancer(public=service.public)
        logs = log_group(self, "LogGroup", service.log_group)
        roles = ServiceRoles(self, service=service)
        first = FirstTaskDefinition(self, service=service, image_tag=image_tag(self))
        first.resource.node.add_dependency(roles, logs)
        built = BlueGreenService(
            self,
            service=service,
            first=first,
            balancer=balancer,
            canary=self._canary(),
            certificate=self._certificate() if service.public else None,
        )
        self.share("BlueTargetGroupName", built.pair.blue.attr_target_group_full_name)
        self.share("GreenTargetGroupName", built.pair.green.attr_target_group_full_name)
        if not service.public:
            give_name(self, service, balancer)

    def _canary(self) -> str:
        return cdk.CfnParameter(
            self,
            "Canary",
            default=CANARIES[0],
            allowed_values=list(CANARIES),
            description="How CodeDeploy shifts traffic to a new version",
        ).value_as_string

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


def image_tag(stack: LanternStack) -> cdk.CfnParameter:
    """The parameter that says which image runs; it has no default, an image must be there first."""
    return cdk.CfnParameter(
        stack,
        "ImageTag",
        allowed_pattern=r"[\w.-]{1,128}",
        description="Tag of the service's image in its ECR repository",
    )


def give_name(stack: LanternStack, service: Service, balancer: TheLoadBalancer) -> None:
    """The private name under which the other services find it."""
    route53.CfnRecordSet(
        stack,
        "Name",
        hosted_zone_id=take("network", "PrivateZoneId"),
        name=service.host,
        type="A",
        alias_target=route53.CfnRecordSet.AliasTargetProperty(
            dns_name=balancer.address, hosted_zone_id=balancer.zone, evaluate_target_health=False
        ),
    )
