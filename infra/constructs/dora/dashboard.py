"""The DORA dashboard: the five metrics with their counts, their trends, and a table of deployments."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.dora.functions import LOG_GROUPS
from infra.shop import (
    DORA_COMPUTE,
    DORA_COUNTS,
    DORA_METRICS,
    DORA_NAMESPACE,
    DORA_WINDOWS_DAYS,
    PROJECT,
    SERVICES,
)

THIRD, WHOLE = 8, 24
SHOWN_DAYS = 30
LATEST = cdk.Duration.minutes(5)
EXPLANATION = (
    "## The five DORA metrics, per service, never a mean of them\n"
    "What has no figure has no data, which is not zero; *computed from* says how many. The whole "
    "report, with every reason: `aws dynamodb get-item`, as docs/dora.md shows."
)
# The newest line of each deployment: it is told again when an incident makes a failure of it
DEPLOYMENTS_QUERY = (
    "filter ispresent(deployment)",
    "fields at, service, class, deployment, revision, commits, why, repairs",
    "sort @timestamp desc",
    "dedup deployment",  # nothing but limit may follow it
    "limit 200",
)


def dora_dashboard(scope: Construct) -> None:
    """Make it: values of `SHOWN_DAYS`, trends of the other windows, then the deployments."""
    trend_windows = [days for days in DORA_WINDOWS_DAYS if days != SHOWN_DAYS]
    cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=f"{PROJECT}-dora",
        default_interval=cdk.Duration.days(SHOWN_DAYS),
        widgets=[
            [cloudwatch.TextWidget(markdown=EXPLANATION, width=WHOLE, height=2)],
            [_value(name, title, unit) for name, title, unit in DORA_METRICS] + [_counts()],
            [_trend(name, title, unit, trend_windows) for name, title, unit in DORA_METRICS],
            [_deployments()],
        ],
    )


def _metric(name: str, service: str, days: int, label: str, statistic: str = "Average") -> cloudwatch.Metric:
    """A metric of one service and window. Never a sum: a repeated computation sends its values again."""
    return cloudwatch.Metric(
        namespace=DORA_NAMESPACE,
        metric_name=name,
        dimensions_map={"Service": service, "Window": f"{days}d"},
        statistic=statistic,
        label=label,
    )


def _value(name: str, title: str, unit: str) -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title=f"{title}, {unit}, {SHOWN_DAYS} days",
        period=LATEST,
        metrics=[_metric(name, service.name, SHOWN_DAYS, service.name) for service in SERVICES],
        width=THIRD,
        height=3,
    )


def _counts() -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title=f"Computed from, {SHOWN_DAYS} days: deployments, commits, recoveries",
        period=LATEST,
        metrics=[
            _metric(name, service.name, SHOWN_DAYS, f"{service.name} {name}", "Maximum")
            for name in DORA_COUNTS
            for service in SERVICES
        ],
        width=THIRD,
        height=3,
    )


def _trend(name: str, title: str, unit: str, windows: list[int]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=f"{title}, {unit}",
        left=[
            _metric(name, service.name, days, f"{service.name} {days} days")
            for service in SERVICES
            for days in windows
        ],
        width=THIRD,
        height=6,
        period=cdk.Duration.hours(1),
    )


def _deployments() -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title="Deployments: ok, failed, or blocked before users saw them",
        log_group_names=[LOG_GROUPS[DORA_COMPUTE]],
        query_lines=list(DEPLOYMENTS_QUERY),
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=WHOLE,
        height=9,
    )
