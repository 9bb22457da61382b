"""Scales a service on the requests that each of its tasks gets."""

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.load_balancing.load_balancers import ImportedLoadBalancer
from infra.constructs.load_balancing.target_group_pair import COLOURS, TargetGroupPair
from infra.shop import CLUSTER, Service

MIN_TASKS, MAX_TASKS = 2, 6
REQUESTS_PER_TASK_AND_MINUTE = 600

Query = scaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty
Stat = scaling.CfnScalingPolicy.TargetTrackingMetricStatProperty
Metric = scaling.CfnScalingPolicy.TargetTrackingMetricProperty
Dimension = scaling.CfnScalingPolicy.TargetTrackingMetricDimensionProperty


class AutoScaling(Construct):
    """The predefined ALBRequestCountPerTarget names one target group and so is not supported with blue/green:
    half of the time it would look at the empty one. This sums over both.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    """

    def __init__(
        self,
        scope: Construct,
        *,
        service: Service,
        running: ecs.CfnService,
        pair: TargetGroupPair,
        balancer: ImportedLoadBalancer,
    ) -> None:
        super().__init__(scope, "scaling")
        self._balancer = balancer
        self._groups = dict(zip(COLOURS, (pair.blue, pair.green), strict=True))
        target = scaling.CfnScalableTarget(
            self,
            "ScalableTarget",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{CLUSTER}/{service.name}",
            min_capacity=MIN_TASKS,
            max_capacity=MAX_TASKS,
        )
        target.add_resource_dependency(running)
        scaling.CfnScalingPolicy(
            self,
            "ScalingPolicy",
            policy_name=f"{service.name}-requests-per-task",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=REQUESTS_PER_TASK_AND_MINUTE,
                scale_out_cooldown=60,
                scale_in_cooldown=300,
                customized_metric_specification=scaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty(
                    metrics=self._requests_per_task()
                ),
            ),
        )

    def _requests_per_task(self) -> list[Query]:
        parts = [
            query
            for colour, group in self._groups.items()
            for query in (
                self._part(f"requests_{colour}", "RequestCount", group, "Sum"),
                self._part(f"tasks_{colour}", "HealthyHostCount", group, "Average"),
            )
        ]
        total = Query(
            id="requests_per_task",
            label="requests per task and minute, both target groups",
            expression="(FILL(requests_blue, 0) + FILL(requests_green, 0))"
            " / (FILL(tasks_blue, 0) + FILL(tasks_green, 0))",
            return_data=True,
        )
        return [*parts, total]

    def _part(self, query_id: str, metric: str, group: elb.CfnTargetGroup, statistic: str) -> Query:
        dimensions = {
            "LoadBalancer": self._balancer.full_name,
            "TargetGroup": group.attr_target_group_full_name,
        }
        return Query(
            id=query_id,
            return_data=False,
            metric_stat=Stat(
                stat=statistic,
                metric=Metric(
                    namespace="AWS/ApplicationELB",
                    metric_name=metric,
                    dimensions=[Dimension(name=name, value=value) for name, value in dimensions.items()],
                ),
            ),
        )
