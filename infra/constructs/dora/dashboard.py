"""The DORA dashboard: the five figures with what they were computed from, their course, every deployment."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.dora.functions import log_group_name
from infra.shop import (
    DORA_COMPUTE,
    DORA_COUNTS,
    DORA_FIGURES,
    DORA_NAMESPACE,
    DORA_WINDOWS_DAYS,
    PROJECT,
    SERVICES,
)

THIRD, WHOLE = 8, 24
SHOWN_DAYS = 30
HOUR, NOW = cdk.Duration.hours(1), cdk.Duration.minutes(5)
EXPLANATION = (
    "## The five DORA metrics, per service, never a mean of them\n"
    "What has no figure has no data, which is not zero; *computed from* says how many. The whole "
    "report, with every reason: `aws dynamodb get-item`, as docs/dora.md shows."
)
# The newest line of each deployment: it is told again when an incident makes a failure of it
TIMELINE = (
    "filter ispresent(deployment)",
    "fields at, service, class, deployment, revision, commits, why, repairs",
    "sort @timestamp desc",
    "dedup deployment",  # nothing but limit may follow it
    "limit 200",
)


def dora_dashboard(scope: Construct) -> None:
    """Figures of thirty days, the course of the shorter and the longer window, then the timeline."""
    others = [days for days in DORA_WINDOWS_DAYS if days != SHOWN_DAYS]
    cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=f"{PROJECT}-dora",
        default_interval=cdk.Duration.days(SHOWN_DAYS),
        widgets=[
            [cloudwatch.TextWidget(markdown=EXPLANATION, width=WHOLE, height=2)],
            [_now(name, title, unit) for name, title, unit in DORA_FIGURES] + [_counts()],
            [_course(name, title, unit, others) for name, title, unit in DORA_FIGURES],
            [_timeline()],
        ],
    )


def _metric(name: str, service: str, days: int, label: str, statistic: str = "Average") -> cloudwatch.Metric:
    """Average, never Sum: a computation that is made again sends the same figure again."""
    return cloudwatch.Metric(
        namespace=DORA_NAMESPACE,
        metric_name=name,
        dimensions_map={"Service": service, "Window": f"{days}d"},
        statistic=statistic,
        label=label,
    )


def _now(name: str, title: str, unit: str) -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title=f"{title}, {unit}, {SHOWN_DAYS} days",
        period=NOW,
        metrics=[_metric(name, one.name, SHOWN_DAYS, one.name) for one in SERVICES],
        width=THIRD,
        height=3,
    )


def _counts() -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title=f"Computed from, {SHOWN_DAYS} days: deployments, commits, recoveries",
        period=NOW,
        metrics=[
            _metric(name, one.name, SHOWN_DAYS, f"{one.name} {name}", "Maximum")
            for name in DORA_COUNTS
            for one in SERVICES
        ],
        width=THIRD,
        height=3,
    )


def _course(name: str, title: str, unit: str, windows: list[int]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=f"{title}, {unit}",
        left=[
            _metric(name, one.name, days, f"{one.name} {days} days") for one in SERVICES for days in windows
        ],
        width=THIRD,
        height=6,
        period=HOUR,
    )


def _timeline() -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title="Deployments: ok, failed, or blocked before users saw them",
        log_group_names=[log_group_name(DORA_COMPUTE)],
        query_lines=list(TIMELINE),
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=WHOLE,
        height=9,
    )
