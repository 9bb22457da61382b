"""One service behind a blue/green pair: what runs, and what replaces it."""

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.codedeploy.deployment_alarms import DeploymentAlarms
from infra.constructs.codedeploy.deployment_group import deployment_group
from infra.constructs.ecs.auto_scaling import AutoScaling
from infra.constructs.ecs.fargate_service import fargate_service
from infra.constructs.ecs.task_definition import FirstTaskDefinition
from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.load_balancing.target_group_pair import Certificate, TargetGroupPair
from infra.shop import Service


class BlueGreenService(Construct):
    """CodeDeploy's: a canary on two target groups, watched by alarms, taken back when one rings."""

    def __init__(
        self,
        scope: Construct,
        *,
        service: Service,
        first: FirstTaskDefinition,
        balancer: ImportedLoadBalancer,
        canary: str,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(scope, "service")
        self.pair = TargetGroupPair(self, service=service, balancer=balancer, certificate=certificate)
        running = fargate_service(
            self,
            service=service,
            target_group_arn=self.pair.blue.ref,
            # The family without a revision: CloudFormation refuses to change the task definition of a service
            # that CodeDeploy owns, so it must never see it change
            task_definition=service.family,
            deployment_controller=ecs.CfnService.DeploymentControllerProperty(type="CODE_DEPLOY"),
        )
        for needed in (first.resource, self.pair.production, self.pair.test):
            running.add_resource_dependency(needed)
        AutoScaling(self, service=service, running=running, pair=self.pair, balancer=balancer)
        alarms = DeploymentAlarms(self, service=service, pair=self.pair, balancer=balancer)
        deployment_group(
            self,
            service=service,
            running=running,
            pair=self.pair,
            alarms=alarms.all,
            configuration=canary,
        )
