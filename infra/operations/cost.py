"""`make cost`: USD per day, by the templates and a dated price table."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.operations.errors import UsageError
from infra.shop import DORA_COMPUTE, DORA_COUNTS, DORA_METRICS, DORA_WINDOWS_DAYS, SERVICES
from infra.template import FOLDER, Resource, load

PRICES = Path(__file__).with_name("prices.json")

# These cost nothing until they are used; what their use costs is in prices.json, by_use
FREE = {
    f"AWS::{service}::{resource}"
    for service, resources in {
        "ApplicationAutoScaling": "ScalableTarget ScalingPolicy",
        "CodeBuild": "Project",
        "CodeCommit": "Repository",
        "CodeDeploy": "Application DeploymentGroup",
        "CodePipeline": "Pipeline",
        "DynamoDB": "Table",
        "EC2": "FlowLog InternetGateway Route RouteTable SecurityGroup SecurityGroupIngress Subnet "
        "SubnetRouteTableAssociation VPC VPCGatewayAttachment",
        "ECR": "Repository",
        "ECS": "Cluster TaskDefinition",
        "ElasticLoadBalancingV2": "Listener TargetGroup",
        "Events": "Rule",
        "IAM": "Policy Role",
        "Lambda": "EventSourceMapping Permission",
        "Logs": "LogGroup QueryDefinition",
        "Route53": "RecordSet",
        "S3": "Bucket BucketPolicy",
        "SNS": "Subscription Topic TopicPolicy",
        "SQS": "Queue QueuePolicy",
        "XRay": "Group SamplingRule",
    }.items()
    for resource in resources.split()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the bill. `usd_a_day` is for all of `count`."""

    item: str
    count: float
    usd_a_day: float
    confirmed: bool


Parts = list[tuple[str, str, float]]  # name on the bill, key of its price, count


def _load_balancer(properties: dict[str, Any]) -> Parts:
    public = properties.get("Scheme") == "internet-facing"
    addresses = len(properties["Subnets"]) if public else 0
    return [
        ("application load balancer", "load_balancer_hour", 1),
        ("public address of the load balancer", "public_ipv4_hour", addresses),
    ]


def _endpoint(properties: dict[str, Any]) -> Parts:
    if properties.get("VpcEndpointType") != "Interface":
        return []  # gateway endpoints are free
    return [("interface endpoint in one zone", "interface_endpoint_hour", len(properties["SubnetIds"]))]


def _alarm(properties: dict[str, Any]) -> Parts:
    """An alarm on an expression costs as much as alarms on all metrics in it."""
    metrics = [query for query in properties.get("Metrics", []) if "MetricStat" in query]
    return [("alarm, by metric", "alarm_metric_month", len(metrics) or 1)]


def _function(properties: dict[str, Any]) -> Parts:
    """Calls cost by use, but each metric that DORA's function sends costs by the month."""
    if properties["FunctionName"] != DORA_COMPUTE:
        return []
    metrics = len(SERVICES) * len(DORA_WINDOWS_DAYS) * (len(DORA_METRICS) + len(DORA_COUNTS))
    return [("metric of DORA's", "custom_metric_month", metrics + 1)]


def _tasks(properties: dict[str, Any]) -> Parts:
    """The tasks of a service, with the size that `bill` took from its task definition."""
    count, size = properties["DesiredCount"], properties["_size"]
    return [
        ("Fargate vCPU", "fargate_vcpu_hour", count * int(size["Cpu"]) / 1024),
        ("Fargate GB of memory", "fargate_gb_hour", count * int(size["Memory"]) / 1024),
    ]


RULES: dict[str, Callable[[dict[str, Any]], Parts]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::NatGateway": lambda _: [("NAT gateway", "nat_gateway_hour", 1)],
    "AWS::EC2::EIP": lambda _: [("public address of the NAT gateway", "public_ipv4_hour", 1)],
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Lambda::Function": _function,
    "AWS::CloudWatch::Dashboard": lambda _: [("dashboard", "dashboard_month", 1)],
    "AWS::Route53::HostedZone": lambda _: [("private hosted zone", "hosted_zone_month", 1)],
    "AWS::ECS::Service": _tasks,
}


def read_prices(path: Path = PRICES) -> dict[str, Any]:
    """The price table."""
    prices: dict[str, Any] = json.loads(path.read_text())
    return prices


def parts(resource: Resource) -> Parts:
    """What a resource adds to the bill. Raises UsageError for a type without a price."""
    if resource.type in RULES:
        return RULES[resource.type](resource.properties)
    if resource.type in FREE:
        return []
    raise UsageError(
        f"{resource}: nobody has put a price to {resource.type}; give it a rule, or call it "
        "free, in infra/operations/cost.py"
    )


def bill(parameters: dict[str, str], *, folder: Path = FOLDER) -> list[Line]:
    """What the stacks cost a day with these parameters, the highest amount first. Raises UsageError."""
    table = read_prices()
    counts: dict[tuple[str, str], float] = defaultdict(float)
    for stack in load(folder, parameters):
        resources = list(stack.resources())
        sizes = {
            resource.properties["Family"]: resource.properties
            for resource in resources
            if resource.type == "AWS::ECS::TaskDefinition"
        }
        for resource in resources:
            if resource.type == "AWS::ECS::Service":
                resource.properties["_size"] = sizes[resource.properties["TaskDefinition"]]
            for item, price, count in parts(resource):
                counts[item, price] += count
    lines = [
        Line(
            item=item,
            count=count,
            usd_a_day=count * _usd_a_day(table, price),
            confirmed=table["prices"][price]["state"] == "confirmed",
        )
        for (item, price), count in counts.items()
        if count
    ]
    return sorted(lines, key=lambda line: -line.usd_a_day)


def _usd_a_day(table: dict[str, Any], price: str) -> float:
    usd = float(table["prices"][price]["usd"])
    if price.endswith("_month"):
        return usd / float(table["days_a_month"])
    return usd * float(table["hours_a_day"])


def table(lines: list[Line], prices: dict[str, Any], parameters: dict[str, str]) -> str:
    """The bill as text."""
    chosen = ", ".join(f"{key}={value}" for key, value in sorted(parameters.items())) or "no parameter given"
    rows = [
        f"{line.usd_a_day:6.2f}  {line.count:5.4g} x {line.item}{'' if line.confirmed else ' *'}"
        for line in lines
    ]
    total = sum(line.usd_a_day for line in lines)
    uses = [f"        {item}: {cost}" for item, cost in prices["by_use"].items()]
    return "\n".join(
        [
            f"USD a day in {prices['region']}, prices of {prices['date']}, {chosen}:",
            *rows,
            f"{total:6.2f}  in all, day and night, without free tiers",
            "Not in the sum, by use:",
            *uses,
            "* from memory; look at infra/operations/prices.json for the page before you rely on it",
        ]
    )
