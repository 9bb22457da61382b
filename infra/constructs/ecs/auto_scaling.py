"""How many tasks a service has: the least, the most, and the requests that each task should get."""

from typing import Any

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.load_balancing.target_group_pair import TargetGroupPair
from infra.shop import CLUSTER

MIN_TASKS, MAX_TASKS = 2, 6
REQUESTS_PER_TASK_AND_MINUTE = 600
SCALE_OUT_COOLDOWN_S, SCALE_IN_COOLDOWN_S = 60, 300


class AutoScaling(Construct):
    """Scales a service by target tracking on requests per task, summed over both target groups.

    AWS's predefined metric ALBRequestCountPerTarget names one target group and so is not supported with
    blue/green: half of the time it would look at the empty one. CDK's own construct takes no metric math.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    """

    def __init__(self, scope: Construct, target_groups: TargetGroupPair, ecs_service: ecs.CfnService) -> None:
        super().__init__(scope, "scaling")
        self._target_groups, service = target_groups, target_groups.service.name
        target = scaling.CfnScalableTarget(
            self,
            "ScalableTarget",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{CLUSTER}/{service}",
            min_capacity=MIN_TASKS,
            max_capacity=MAX_TASKS,
        )
        target.add_resource_dependency(ecs_service)
        scaling.CfnScalingPolicy(
            self,
            "ScalingPolicy",
            policy_name=f"{service}-requests-per-task",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration={
                "targetValue": REQUESTS_PER_TASK_AND_MINUTE,
                "scaleOutCooldown": SCALE_OUT_COOLDOWN_S,
                "scaleInCooldown": SCALE_IN_COOLDOWN_S,
                "customizedMetricSpecification": {"metrics": self._requests_per_task()},
            },
        )

    def _requests_per_task(self) -> list[dict[str, Any]]:
        total = {
            "id": "requests_per_task",
            "label": "requests per task and minute, both target groups",
            # SUM leaves out what is missing; FILL would make numbers of nothing, and an alarm of them
            "expression": "SUM([requests_blue, requests_green]) / SUM([tasks_blue, tasks_green])",
            "returnData": True,
        }
        return [
            *(
                self._query(f"{name}_{colour}", metric, colour, statistic)
                for colour in self._target_groups.by_colour
                for name, metric, statistic in (
                    ("requests", "RequestCount", "Sum"),
                    ("tasks", "HealthyHostCount", "Average"),
                )
            ),
            total,
        ]

    def _query(self, query_id: str, metric: str, colour: str, statistic: str) -> dict[str, Any]:
        dimensions = {
            "LoadBalancer": self._target_groups.balancer.full_name,
            "TargetGroup": self._target_groups.by_colour[colour].target_group_full_name,
        }
        return {
            "id": query_id,
            "returnData": False,
            "metricStat": {
                "stat": statistic,
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metricName": metric,
                    "dimensions": [{"name": name, "value": value} for name, value in dimensions.items()],
                },
            },
        }
