"""The dashboard: what customers feel on top, deployments below, causes last."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.load_balancing.load_balancer_metric import MINUTE
from infra.constructs.observability.service_metrics import ServiceMetrics
from infra.shop import CLUSTER, PROJECT, SERVICES

THIRD, WHOLE = 8, 24


def dashboard(scope: Construct, metrics: dict[str, ServiceMetrics]) -> None:
    """Make the dashboard of the services' metrics, by service; every graph covers both target groups."""
    cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=PROJECT,
        widgets=[
            [_title("What customers feel")],
            [
                _graph("Requests a minute", [service.requests() for service in metrics.values()]),
                _graph("Failed, %", [service.failed_percent() for service in metrics.values()]),
                _graph("Latency p95, s", [service.latency("p95") for service in metrics.values()]),
            ],
            [_title("Deployments: how the traffic is shared between blue and green")],
            [
                _graph(f"{name}: blue and green", list(service.requests_by_colour()))
                for name, service in metrics.items()
            ],
            [_title("Causes")],
            [
                _graph("Processor, %", [_task_metric("CPUUtilization", name) for name in metrics]),
                _graph("Memory, %", [_task_metric("MemoryUtilization", name) for name in metrics]),
                _graph("DynamoDB throttles", _throttles()),
            ],
        ],
    )


def _title(text: str) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(markdown=f"## {text}", width=WHOLE, height=1)


def _graph(title: str, lines: list[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=lines, width=THIRD, height=6, period=MINUTE)


def _task_metric(metric: str, service: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/ECS",
        metric_name=metric,
        dimensions_map={"ClusterName": CLUSTER, "ServiceName": service},
        statistic="Average",
        label=service,
        period=MINUTE,
    )


def _throttles() -> list[cloudwatch.IMetric]:
    return [
        cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name=metric,
            dimensions_map={"TableName": service.table},
            statistic="Sum",
            label=f"{service.table} {metric.removesuffix('ThrottleEvents').lower()}s",
            period=MINUTE,
        )
        for service in SERVICES
        if service.table
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
    ]
