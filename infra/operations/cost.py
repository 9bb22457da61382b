"""`make cost`: USD per day, derived from the templates and one dated price table."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.operations.errors import UsageError
from infra.shop import DORA_COMPUTE, DORA_COUNTS, DORA_FIGURES, DORA_WINDOWS_DAYS, SERVICES
from infra.template import FOLDER, Resource, load

PRICES = Path(__file__).with_name("prices.json")

# Nothing to pay for their being there; what their use costs is in prices.json, by_use
FREE = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CodeBuild::Project",
    "AWS::CodeCommit::Repository",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CodePipeline::Pipeline",
    "AWS::DynamoDB::Table",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECR::Repository",
    "AWS::ECS::Cluster",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::Route53::RecordSet",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the bill. `usd_a_day` is for all of `count`."""

    item: str
    count: float
    usd_a_day: float
    confirmed: bool


class Bill:
    """Adds up what the resources of some stacks cost a day."""

    def __init__(self, prices: dict[str, Any]) -> None:
        self._prices = prices
        self._counts: dict[tuple[str, str], float] = defaultdict(float)
        self._tasks: dict[tuple[str, str], tuple[float, float]] = {}

    def add(self, resource: Resource) -> None:
        """Count one resource; raises UsageError for a type that nobody has put a price to."""
        rule = RULES.get(resource.type)
        if rule is None:
            if resource.type not in FREE:
                raise UsageError(
                    f"{resource}: nobody has put a price to {resource.type}; give it a rule, or call it "
                    "free, in infra/operations/cost.py"
                )
            return
        for item, price, count in rule(resource.properties):
            self._counts[item, price] += count

    def lines(self) -> list[Line]:
        """The bill, dearest first."""
        rows = [
            Line(
                item=item,
                count=count,
                usd_a_day=count * self._a_day(price),
                confirmed=self._prices["prices"][price]["state"] == "confirmed",
            )
            for (item, price), count in self._counts.items()
            if count
        ]
        return sorted(rows, key=lambda row: -row.usd_a_day)

    def _a_day(self, price: str) -> float:
        usd = float(self._prices["prices"][price]["usd"])
        if price.endswith("_month"):
            return usd / float(self._prices["days_a_month"])
        return usd * float(self._prices["hours_a_day"])


Parts = list[tuple[str, str, float]]  # what it is called on the bill, its price, how many


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
    """An alarm on an expression is paid for by the metrics in it."""
    metrics = [one for one in properties.get("Metrics", []) if "MetricStat" in one]
    return [("alarm, by metric", "alarm_metric_month", len(metrics) or 1)]


def _function(properties: dict[str, Any]) -> Parts:
    """Its runs cost by use, but each metric that it sends by the month; infra.shop has their names."""
    if properties["FunctionName"] != DORA_COMPUTE:
        return []
    figures = len(SERVICES) * len(DORA_WINDOWS_DAYS) * (len(DORA_FIGURES) + len(DORA_COUNTS))
    return [("metric of DORA's", "custom_metric_month", figures + 1)]


RULES: dict[str, Callable[[dict[str, Any]], Parts]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::NatGateway": lambda _: [("NAT gateway", "nat_gateway_hour", 1)],
    "AWS::EC2::EIP": lambda _: [("public address of the NAT gateway", "public_ipv4_hour", 1)],
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Lambda::Function": _function,
    "AWS::CloudWatch::Dashboard": lambda _: [("dashboard", "dashboard_month", 1)],
    "AWS::Route53::HostedZone": lambda _: [("private hosted zone", "hosted_zone_month", 1)],
    "AWS::ECS::Service": lambda properties: _tasks(properties),
}


def _tasks(properties: dict[str, Any]) -> Parts:
    """The size comes with the service, see `bill`."""
    count, size = properties["DesiredCount"], properties["_size"]
    return [
        ("Fargate vCPU", "fargate_vcpu_hour", count * int(size["Cpu"]) / 1024),
        ("Fargate GB of memory", "fargate_gb_hour", count * int(size["Memory"]) / 1024),
    ]


def read_prices(path: Path = PRICES) -> dict[str, Any]:
    """The price table."""
    prices: dict[str, Any] = json.loads(path.read_text())
    return prices


def bill(parameters: dict[str, str], *, folder: Path = FOLDER) -> list[Line]:
    """What the stacks would cost a day with these parameters; raises UsageError for what has no price."""
    result = Bill(read_prices())
    for stack in load(folder, parameters):
        resources = list(stack.resources())
        sizes = {
            one.properties["Family"]: one.properties
            for one in resources
            if one.type == "AWS::ECS::TaskDefinition"
        }
        for resource in resources:
            if resource.type == "AWS::ECS::Service":
                resource.properties["_size"] = sizes[resource.properties["TaskDefinition"]]
            result.add(resource)
    return result.lines()


def table(lines: list[Line], prices: dict[str, Any], parameters: dict[str, str]) -> str:
    """The bill as people read it."""
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
