"""The same service without CodeDeploy: ECS itself shifts the traffic, and CloudFormation changes all."""

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.codedeploy.deployment_alarms import DeploymentAlarms
from infra.constructs.ecs.auto_scaling import AutoScaling
from infra.constructs.ecs.fargate_service import fargate_service
from infra.constructs.ecs.task_definition import FirstTaskDefinition
from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.load_balancing.target_group_pair import Certificate, TargetGroupPair
from infra.constructs.stack import arn
from infra.shop import PROJECT, Service

CANARY_PERCENT, CANARY_BAKE_MIN, BAKE_MIN = 10, 5, 5

Deployments = ecs.CfnService.DeploymentConfigurationProperty


class EcsCanaryService(Construct):
    """A canary by ECS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html"""

    def __init__(
        self,
        scope: Construct,
        *,
        service: Service,
        first: FirstTaskDefinition,
        balancer: ImportedLoadBalancer,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(scope, "service")
        self.pair = TargetGroupPair(self, service=service, balancer=balancer, certificate=certificate)
        alarms = DeploymentAlarms(self, service=service, pair=self.pair, balancer=balancer)
        rule = self._production_rule()
        shifter = self._shifter_role(service)
        running = fargate_service(
            self,
            service=service,
            target_group_arn=self.pair.blue.ref,
            task_definition=first.resource.ref,
            advanced=ecs.CfnService.AdvancedConfigurationProperty(
                alternate_target_group_arn=self.pair.green.ref,
                production_listener_rule=rule.ref,
                role_arn=shifter.role_arn,
            ),
            deployment_controller=ecs.CfnService.DeploymentControllerProperty(type="ECS"),
            deployment_configuration=_canary([alarm.alarm_name for alarm in alarms.all]),
        )
        for needed in (self.pair.production, self.pair.test):
            running.add_resource_dependency(needed)
        AutoScaling(self, service=service, running=running, pair=self.pair, balancer=balancer)

    def _production_rule(self) -> elb.CfnListenerRule:
        """ECS shifts the weights of a rule, not of the listener's default action."""
        groups = [(self.pair.blue, 1), (self.pair.green, 0)]
        return elb.CfnListenerRule(
            self,
            "ProductionRule",
            listener_arn=self.pair.production.ref,
            priority=1,
            conditions=[
                elb.CfnListenerRule.RuleConditionProperty(
                    field="path-pattern",
                    path_pattern_config=elb.CfnListenerRule.PathPatternConfigProperty(values=["/*"]),
                )
            ],
            actions=[
                elb.CfnListenerRule.ActionProperty(
                    type="forward",
                    forward_config=elb.CfnListenerRule.ForwardConfigProperty(
                        target_groups=[
                            elb.CfnListenerRule.TargetGroupTupleProperty(
                                target_group_arn=group.ref, weight=weight
                            )
                            for group, weight in groups
                        ]
                    ),
                )
            ],
        )

    def _shifter_role(self, service: Service) -> iam.Role:
        """ECS moves traffic with it: AmazonECSInfrastructureRolePolicyForLoadBalancers, made narrow."""
        return iam.Role(
            self,
            "ShifterRole",
            role_name=f"{PROJECT}-{service.name}-shifter",
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),
            inline_policies={
                "least": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            sid="ReadTraffic",
                            actions=[
                                f"elasticloadbalancing:Describe{what}"
                                for what in ("Listeners", "Rules", "TargetGroups", "TargetHealth")
                            ],
                            resources=[
                                "*"
                            ],  # Elastic Load Balancing knows no resources for its Describe calls
                        ),
                        iam.PolicyStatement(
                            sid="ShiftTraffic",
                            actions=[
                                "elasticloadbalancing:ModifyListener",
                                "elasticloadbalancing:ModifyRule",
                            ],
                            resources=[
                                arn("elasticloadbalancing", f"{kind}/app/{PROJECT}-{balancer}/*")
                                for kind in ("listener", "listener-rule")
                                for balancer in ("public", "internal")
                            ],
                        ),
                        iam.PolicyStatement(
                            sid="Register",
                            actions=[
                                "elasticloadbalancing:DeregisterTargets",
                                "elasticloadbalancing:RegisterTargets",
                            ],
                            resources=[
                                arn("elasticloadbalancing", f"targetgroup/{PROJECT}-{service.name}-*/*")
                            ],
                        ),
                    ]
                )
            },
        )


def _canary(alarms: list[str]) -> Deployments:
    return Deployments(
        strategy="CANARY",
        canary_configuration=ecs.CfnService.CanaryConfigurationProperty(
            canary_percent=CANARY_PERCENT, canary_bake_time_in_minutes=CANARY_BAKE_MIN
        ),
        bake_time_in_minutes=BAKE_MIN,
        maximum_percent=200,
        minimum_healthy_percent=100,
        alarms=ecs.CfnService.DeploymentAlarmsProperty(alarm_names=alarms, enable=True, rollback=True),
        deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(
            enable=True, rollback=True
        ),
    )
