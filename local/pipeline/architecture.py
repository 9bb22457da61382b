"""What the synthesised templates of `infra/` say of pipeline, deployment groups, listeners and alarms.

Nothing here is configured a second time: a canary of another size, an alarm more or a fourth service is a
change of the templates.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.template import FOLDER, Resource, TemplateError, load

BALANCED = {  # type → prefix of its attributes, prefix of its full name
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("LoadBalancer", "app"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("TargetGroup", "targetgroup"),
}
# https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs
PREDEFINED = {  # name → kind, percent, minutes
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": ("Linear", 10, 1),
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": ("Linear", 10, 3),
    "CodeDeployDefault.ECSCanary10Percent5Minutes": ("Canary", 10, 5),
    "CodeDeployDefault.ECSCanary10Percent15Minutes": ("Canary", 10, 15),
    "CodeDeployDefault.ECSAllAtOnce": ("AllAtOnce", 100, 0),
}


class ArchitectureError(Exception):
    """The templates lack something that a rehearsal needs; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """A target group: how its targets are asked for their health, how long they drain (s)."""

    name: str
    full_name: str
    port: int
    path: str
    interval_s: float
    timeout_s: float
    healthy: int
    unhealthy: int
    statuses: str
    drain_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One port of a load balancer and the target group that it starts with."""

    name: str
    balancer: str
    port: int
    target_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How traffic moves: canary, linear or all at once."""

    name: str
    kind: str
    percent: int = 100
    minutes: float = 0

    def steps(self) -> list[tuple[int, float]]:
        """Green's share in percent, each with the minutes until the next one."""
        if self.kind == "AllAtOnce":
            return [(100, 0)]
        if self.kind == "Canary":
            return [(self.percent, self.minutes), (100, 0)]
        shares = [*range(self.percent, 100, self.percent), 100]
        return [(share, self.minutes if share < 100 else 0) for share in shares]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentGroup:
    """CodeDeploy's deployment group of one ECS service, and what it names."""

    name: str
    application: str
    cluster: str
    service: str
    family: str
    desired: int
    shift: Shift
    termination_minutes: float
    ready_minutes: float
    blue: TargetGroup
    green: TargetGroup
    production: Listener
    test: Listener
    alarms: tuple[str, ...]
    rolls_back_on: tuple[str, ...]
    container: str
    container_port: int
    first_task_definition: dict[str, Any] = field(repr=False)

    def target_group(self, name: str) -> TargetGroup:
        """Blue or green by name."""
        return next(one for one in (self.blue, self.green) if one.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """All of it."""

    pipeline: dict[str, Any]
    build_project: dict[str, Any]
    bucket: str
    branch: str
    repositories: dict[str, dict[str, Any]]
    log_groups: tuple[str, ...]
    functions: dict[str, dict[str, Any]]
    alarms: dict[str, dict[str, Any]]
    groups: dict[str, DeploymentGroup]
    balancers: tuple[str, ...]
    resources: tuple[Resource, ...] = field(repr=False)

    @property
    def application(self) -> str:
        """The CodeDeploy application."""
        return next(iter(self.groups.values())).application

    def target_groups(self) -> list[TargetGroup]:
        """Every one, service by service."""
        return [one for group in self.groups.values() for one in (group.blue, group.green)]

    def listeners(self) -> list[tuple[DeploymentGroup, Listener]]:
        """Every one, with the deployment group that moves it."""
        return [(group, one) for group in self.groups.values() for one in (group.production, group.test)]


def read(parameters: Mapping[str, str] | None = None, folder: Path = FOLDER) -> Architecture:
    """Read the committed templates, their parameters chosen. Raises ArchitectureError."""
    try:
        found = [resource for stack in load(folder, parameters) for resource in stack.resources()]
    except TemplateError as error:
        raise ArchitectureError(str(error)) from None
    resources = _with_local_names(found)
    resource = _only(resources, "AWS::CodePipeline::Pipeline")
    pipeline = resource.properties
    with _of(resource):
        source = pipeline["Stages"][0]["Actions"][0]["Configuration"]
        branch, bucket = source["BranchName"], pipeline["ArtifactStore"]["Location"]
    architecture = Architecture(
        pipeline=pipeline,
        build_project=_only(resources, "AWS::CodeBuild::Project").properties,
        bucket=bucket,
        branch=branch,
        repositories=_by(resources, "AWS::ECR::Repository", "RepositoryName"),
        log_groups=tuple(_by(resources, "AWS::Logs::LogGroup", "LogGroupName")),
        functions={
            name: function
            for name, function in _by(resources, "AWS::Lambda::Function", "FunctionName").items()
            if "ZipFile" in function["Code"]  # DORA's lie in a bucket; `python -m dora` is the same code here
        },
        alarms=_by(resources, "AWS::CloudWatch::Alarm", "AlarmName"),
        groups={group.name: group for group in _groups(resources)},
        balancers=tuple(_by(resources, "AWS::ElasticLoadBalancingV2::LoadBalancer", "Name")),
        resources=resources,
    )
    for group in architecture.groups.values():
        if unknown := [name for name in group.alarms if name not in architecture.alarms]:
            raise ArchitectureError(
                f"deployment group {group.name}: the templates have no alarm {unknown[0]}"
            )
    return architecture


@contextmanager
def _of(resource: Resource) -> Iterator[None]:
    """What is missing inside is missing in this resource."""
    try:
        yield
    except (KeyError, IndexError) as error:
        what = f"{error.args[0]} is" if isinstance(error, KeyError) else "an entry of a list is"
        raise ArchitectureError(f"{resource}: {what} missing") from None


def _with_local_names(resources: list[Resource]) -> tuple[Resource, ...]:
    """What only AWS could know of load balancers and target groups, as it is here: a name of the network."""
    names: dict[str, str] = {}
    for one in resources:
        kind = BALANCED.get(one.type)
        if kind:
            with _of(one):
                here, name = f"<{one.stack}.{one.name}", one.properties["Name"]
            names |= {
                f"{here}.{kind[0]}Name>": name,
                f"{here}.{kind[0]}FullName>": full_name(kind[1], name),
                f"{here}.DNSName>": name,
            }
    text = json.dumps([one.properties for one in resources])
    for token, name in names.items():
        text = text.replace(token, name)
    found = zip(resources, json.loads(text), strict=True)
    return tuple(
        Resource(stack=one.stack, name=one.name, type=one.type, properties=properties)
        for one, properties in found
    )


def full_name(kind: str, name: str) -> str:
    """How CloudWatch's dimensions call a load balancer (`app`) or a target group (`targetgroup`)."""
    return f"{kind}/{name}/{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def shift(name: str) -> Shift:
    """The deployment configuration of this name. Raises ArchitectureError for one that is not predefined."""
    if name not in PREDEFINED:
        raise ArchitectureError(
            f"DeploymentConfigName {name!r}: expected one that CodeDeploy has ready: {', '.join(PREDEFINED)}"
        )
    kind, percent, minutes = PREDEFINED[name]
    return Shift(name=name, kind=kind, percent=percent, minutes=minutes)


def _groups(resources: Iterable[Resource]) -> Iterable[DeploymentGroup]:
    resources = list(resources)
    targets: dict[str, TargetGroup] = {}
    listeners: dict[str, Listener] = {}
    for resource in resources:
        with _of(resource):
            if resource.type == "AWS::ElasticLoadBalancingV2::TargetGroup":
                targets[resource.properties["Name"]] = _target_group(resource.properties)
            if resource.type == "AWS::ElasticLoadBalancingV2::Listener":
                listeners[f"<{resource.stack}.{resource.name}>"] = _listener(resource)
    services = _by(resources, "AWS::ECS::Service", "ServiceName")
    families = _by(resources, "AWS::ECS::TaskDefinition", "Family")
    found = [resource for resource in resources if resource.type == "AWS::CodeDeploy::DeploymentGroup"]
    if not found:
        raise ArchitectureError("the templates have no AWS::CodeDeploy::DeploymentGroup")
    for resource in found:
        with _of(resource):
            group = _group(resource.properties, targets, listeners, services, families)
        yield group


def _group(
    raw: Mapping[str, Any],
    targets: Mapping[str, TargetGroup],
    listeners: Mapping[str, Listener],
    services: Mapping[str, dict[str, Any]],
    families: Mapping[str, dict[str, Any]],
) -> DeploymentGroup:
    name = raw["ECSServices"][0]["ServiceName"]
    service, pair = services[name], raw["LoadBalancerInfo"]["TargetGroupPairInfoList"][0]
    first, second = (targets[one["Name"]] for one in pair["TargetGroups"])
    settings = raw["BlueGreenDeploymentConfiguration"]
    ending = settings["TerminateBlueInstancesOnDeploymentSuccess"]
    ready = settings.get("DeploymentReadyOption", {})
    for key, value in (("Action", "KEEP_ALIVE"), ("ActionOnTimeout", "STOP_DEPLOYMENT")):
        if value in (ending.get(key), ready.get(key)):
            raise ArchitectureError(
                f"deployment group {raw['DeploymentGroupName']}: {key} {value} can't be rehearsed"
            )
    balancer = service["LoadBalancers"][0]
    return DeploymentGroup(
        name=raw["DeploymentGroupName"],
        application=raw["ApplicationName"],
        cluster=raw["ECSServices"][0]["ClusterName"],
        service=name,
        family=service["TaskDefinition"],
        desired=int(service["DesiredCount"]),
        shift=shift(raw["DeploymentConfigName"]),
        termination_minutes=ending.get("TerminationWaitTimeInMinutes", 0),
        ready_minutes=ready.get("WaitTimeInMinutes", 0),
        blue=first,
        green=second,
        production=listeners[pair["ProdTrafficRoute"]["ListenerArns"][0]],
        test=listeners[pair["TestTrafficRoute"]["ListenerArns"][0]],
        alarms=tuple(one["Name"] for one in _enabled(raw, "AlarmConfiguration", "Alarms")),
        rolls_back_on=tuple(_enabled(raw, "AutoRollbackConfiguration", "Events")),
        container=balancer["ContainerName"],
        container_port=int(balancer["ContainerPort"]),
        first_task_definition=families[service["TaskDefinition"]],
    )


def _enabled(raw: Mapping[str, Any], configuration: str, key: str) -> list[Any]:
    found = raw.get(configuration) or {}
    return list(found.get(key, [])) if found.get("Enabled", True) else []


def _target_group(raw: Mapping[str, Any]) -> TargetGroup:
    attributes = {one["Key"]: one["Value"] for one in raw.get("TargetGroupAttributes", [])}
    return TargetGroup(
        name=raw["Name"],
        full_name=full_name("targetgroup", raw["Name"]),
        port=int(raw["Port"]),
        path=raw.get("HealthCheckPath", "/"),  # AWS's own defaults, these and the next
        interval_s=float(raw.get("HealthCheckIntervalSeconds", 30)),
        timeout_s=float(raw.get("HealthCheckTimeoutSeconds", 5)),
        healthy=int(raw.get("HealthyThresholdCount", 5)),
        unhealthy=int(raw.get("UnhealthyThresholdCount", 2)),
        statuses=str(raw.get("Matcher", {}).get("HttpCode", "200")),
        drain_s=float(attributes.get("deregistration_delay.timeout_seconds", 300)),
    )


def _listener(resource: Resource) -> Listener:
    raw = resource.properties
    action = raw["DefaultActions"][0]
    if "TargetGroupArn" not in action:
        action = action["ForwardConfig"]["TargetGroups"][0]
    return Listener(
        name=f"{resource.stack}.{resource.name}",
        balancer=raw["LoadBalancerArn"],
        port=int(raw["Port"]),
        target_group=action["TargetGroupArn"],
    )


def _by(resources: Iterable[Resource], kind: str, key: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in resources:
        if one.type == kind:
            with _of(one):
                found[one.properties[key]] = one.properties
    return found


def _only(resources: Iterable[Resource], kind: str) -> Resource:
    found = [one for one in resources if one.type == kind]
    if len(found) != 1:
        raise ArchitectureError(f"the templates have {len(found)} {kind}, expected one")
    return found[0]


def smoke_tests(architecture: Architecture) -> dict[str, Any]:
    """What the lifecycle hook asks of each service, by the function's own variable."""
    for function in architecture.functions.values():
        text = function.get("Environment", {}).get("Variables", {}).get("SMOKE_TESTS")
        if text:
            return dict(json.loads(text))
    return {}
