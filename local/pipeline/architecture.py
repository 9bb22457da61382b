"""Pipeline, deployment groups, load balancers and alarms, read from the synthesised templates of `infra/`.

Nothing of it is configured a second time: another canary, one more alarm or a fourth service is a change of
the templates only.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.template import FOLDER, Resource, TemplateError, load
from local.iam.principals import role_arn

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
# resource type → prefix of its attributes in a template, prefix of its full name
NAMED_BY_AWS = {LOAD_BALANCER: ("LoadBalancer", "app"), TARGET_GROUP: ("TargetGroup", "targetgroup")}


class ArchitectureError(Exception):
    """The templates lack what a rehearsal needs, or have what can't be rehearsed; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """A target group: its health checks and its deregistration delay."""

    name: str
    full_name: str
    port: int
    path: str
    interval_s: float
    timeout_s: float
    healthy: int  # checks that must pass in a row
    unhealthy: int  # checks that must fail in a row
    statuses: str  # HTTP statuses of a passed check, such as "200" or "200-299"
    drain_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port of a load balancer, and the target group that it forwards to before any deployment."""

    name: str
    balancer: str
    port: int
    target_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentGroup:
    """CodeDeploy's deployment group of one ECS service, with the resources that it names."""

    name: str
    application: str
    cluster: str
    service: str
    desired: int  # tasks
    config: str  # name of the deployment configuration, which says how traffic shifts
    termination_minutes: float  # how long blue is kept after the shift
    ready_minutes: float
    blue: TargetGroup
    green: TargetGroup
    production: Listener
    test: Listener
    alarms: tuple[str, ...]
    rolls_back_on: tuple[str, ...]  # CodeDeploy's rollback events, such as DEPLOYMENT_FAILURE
    role: str  # ARN of the role with which CodeDeploy acts
    first_task_definition: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Everything that the runner knows from the templates; dictionaries hold properties by resource name."""

    pipeline: dict[str, Any]
    build_project: dict[str, Any]
    bucket: str
    branch: str
    repositories: dict[str, dict[str, Any]]
    log_groups: tuple[str, ...]
    functions: dict[str, dict[str, Any]]
    alarms: dict[str, dict[str, Any]]
    groups: dict[str, DeploymentGroup]
    start_role: str  # ARN of the role with which EventBridge starts the pipeline; "" when no rule does
    balancers: tuple[str, ...]

    @property
    def application(self) -> str:
        """The name of the CodeDeploy application."""
        return next(iter(self.groups.values())).application

    def target_groups(self) -> list[TargetGroup]:
        """Return the blue and the green target group of every service."""
        return [target_group for group in self.groups.values() for target_group in (group.blue, group.green)]

    def listeners(self) -> list[Listener]:
        """Return the production listener and the test listener of every service."""
        return [listener for group in self.groups.values() for listener in (group.production, group.test)]


def read(parameters: Mapping[str, str] | None = None, folder: Path = FOLDER) -> Architecture:
    """Read the synthesised templates with these CloudFormation parameters. Raises ArchitectureError."""
    try:
        resolved = [resource for stack in load(folder, parameters) for resource in stack.resources()]
    except TemplateError as error:
        raise ArchitectureError(str(error)) from None
    resources = _with_local_names(resolved)
    resource = _only(resources, "AWS::CodePipeline::Pipeline")
    pipeline = resource.properties
    with _naming(resource):
        source = pipeline["Stages"][0]["Actions"][0]["Configuration"]
        branch, bucket = source["BranchName"], pipeline["ArtifactStore"]["Location"]
    architecture = Architecture(
        pipeline=pipeline,
        build_project=_only(resources, "AWS::CodeBuild::Project").properties,
        bucket=bucket,
        branch=branch,
        repositories=_by_name(resources, "AWS::ECR::Repository", "RepositoryName"),
        log_groups=tuple(_by_name(resources, "AWS::Logs::LogGroup", "LogGroupName")),
        functions={
            name: function
            for name, function in _by_name(resources, "AWS::Lambda::Function", "FunctionName").items()
            if "ZipFile" in function["Code"]  # DORA's lie in a bucket; `python -m dora` is the same code here
        },
        alarms=_by_name(resources, "AWS::CloudWatch::Alarm", "AlarmName"),
        groups={group.name: group for group in _groups(resources)},
        start_role=_start_role(resources, pipeline["Name"]),
        balancers=tuple(_by_name(resources, LOAD_BALANCER, "Name")),
    )
    for group in architecture.groups.values():
        if unknown := [name for name in group.alarms if name not in architecture.alarms]:
            raise ArchitectureError(
                f"deployment group {group.name}: the templates have no alarm {unknown[0]}"
            )
    return architecture


def _start_role(resources: Iterable[Resource], pipeline: str) -> str:
    targets = [
        target
        for resource in resources
        if resource.type == "AWS::Events::Rule"
        for target in resource.properties.get("Targets", [])
    ]
    ends = f":{pipeline}"
    return next(
        (
            target["RoleArn"]
            for target in targets
            if ":codepipeline:" in target["Arn"] and target["Arn"].endswith(ends) and "RoleArn" in target
        ),
        "",
    )


def full_name(kind: str, name: str) -> str:
    """Return the name of a load balancer (kind `app`) or a target group in dimensions and in ARNs."""
    return f"{kind}/{name}/{hashlib.sha256(name.encode()).hexdigest()[:16]}"


@contextmanager
def _naming(resource: Resource) -> Iterator[None]:
    """Turn a missing property into an ArchitectureError that names the resource."""
    try:
        yield
    except (KeyError, IndexError) as error:
        missing = f"{error.args[0]} is" if isinstance(error, KeyError) else "an entry of a list is"
        raise ArchitectureError(f"{resource}: {missing} missing") from None


def _with_local_names(resources: list[Resource]) -> tuple[Resource, ...]:
    """Fill in what only AWS could know: names of load balancers and target groups, ARNs of roles.

    A load balancer's DNS name is its name.
    """
    names: dict[str, str] = {}
    for resource in resources:
        if resource.type == "AWS::IAM::Role":
            name = resource.properties.get("RoleName") or f"{resource.stack}-{resource.name}"
            names[f"<{resource.stack}.{resource.name}.Arn>"] = role_arn(name)
        if resource.type in NAMED_BY_AWS:
            attribute, kind = NAMED_BY_AWS[resource.type]
            with _naming(resource):
                token, name = f"<{resource.stack}.{resource.name}", resource.properties["Name"]
            names |= {
                f"{token}.{attribute}Name>": name,
                f"{token}.{attribute}FullName>": full_name(kind, name),
                f"{token}.DNSName>": name,
            }
    text = json.dumps([resource.properties for resource in resources])
    for token, name in names.items():
        text = text.replace(token, name)
    return tuple(
        Resource(stack=resource.stack, name=resource.name, type=resource.type, properties=properties)
        for resource, properties in zip(resources, json.loads(text), strict=True)
    )


def _groups(resources: Iterable[Resource]) -> Iterator[DeploymentGroup]:
    target_groups: dict[str, TargetGroup] = {}
    listeners: dict[str, Listener] = {}
    services = _by_name(resources, "AWS::ECS::Service", "ServiceName")
    families = _by_name(resources, "AWS::ECS::TaskDefinition", "Family")
    for resource in resources:
        with _naming(resource):
            if resource.type == TARGET_GROUP:
                target_groups[resource.properties["Name"]] = _target_group(resource.properties)
            if resource.type == LISTENER:
                listeners[f"<{resource.stack}.{resource.name}>"] = _listener(resource)
    groups = [resource for resource in resources if resource.type == "AWS::CodeDeploy::DeploymentGroup"]
    if not groups:
        raise ArchitectureError("the templates have no AWS::CodeDeploy::DeploymentGroup")
    for resource in groups:
        with _naming(resource):
            group = _group(resource.properties, target_groups, listeners, services, families)
        yield group


def _group(
    properties: Mapping[str, Any],
    target_groups: Mapping[str, TargetGroup],
    listeners: Mapping[str, Listener],
    services: Mapping[str, dict[str, Any]],
    families: Mapping[str, dict[str, Any]],
) -> DeploymentGroup:
    service = services[properties["ECSServices"][0]["ServiceName"]]
    pair = properties["LoadBalancerInfo"]["TargetGroupPairInfoList"][0]
    blue, green = (target_groups[entry["Name"]] for entry in pair["TargetGroups"])
    options = properties["BlueGreenDeploymentConfiguration"]
    termination = options["TerminateBlueInstancesOnDeploymentSuccess"]
    ready = options.get("DeploymentReadyOption", {})
    for key, value in (("Action", "KEEP_ALIVE"), ("ActionOnTimeout", "STOP_DEPLOYMENT")):
        if value in (termination.get(key), ready.get(key)):
            raise ArchitectureError(
                f"deployment group {properties['DeploymentGroupName']}: {key} {value} can't be rehearsed"
            )
    return DeploymentGroup(
        name=properties["DeploymentGroupName"],
        application=properties["ApplicationName"],
        cluster=properties["ECSServices"][0]["ClusterName"],
        service=service["ServiceName"],
        desired=int(service["DesiredCount"]),
        config=properties["DeploymentConfigName"],
        termination_minutes=termination.get("TerminationWaitTimeInMinutes", 0),
        ready_minutes=ready.get("WaitTimeInMinutes", 0),
        blue=blue,
        green=green,
        production=listeners[pair["ProdTrafficRoute"]["ListenerArns"][0]],
        test=listeners[pair["TestTrafficRoute"]["ListenerArns"][0]],
        alarms=tuple(alarm["Name"] for alarm in _enabled(properties, "AlarmConfiguration", "Alarms")),
        rolls_back_on=tuple(_enabled(properties, "AutoRollbackConfiguration", "Events")),
        role=properties["ServiceRoleArn"],
        first_task_definition=families[service["TaskDefinition"]],
    )


def _enabled(properties: Mapping[str, Any], configuration: str, key: str) -> list[Any]:
    """The entries of a configuration that may be switched off."""
    options = properties.get(configuration) or {}
    return list(options.get(key, [])) if options.get("Enabled", True) else []


def _target_group(properties: Mapping[str, Any]) -> TargetGroup:
    attributes = {entry["Key"]: entry["Value"] for entry in properties.get("TargetGroupAttributes", [])}
    return TargetGroup(  # the defaults are AWS's own
        name=properties["Name"],
        full_name=full_name("targetgroup", properties["Name"]),
        port=int(properties["Port"]),
        path=properties.get("HealthCheckPath", "/"),
        interval_s=float(properties.get("HealthCheckIntervalSeconds", 30)),
        timeout_s=float(properties.get("HealthCheckTimeoutSeconds", 5)),
        healthy=int(properties.get("HealthyThresholdCount", 5)),
        unhealthy=int(properties.get("UnhealthyThresholdCount", 2)),
        statuses=str(properties.get("Matcher", {}).get("HttpCode", "200")),
        drain_s=float(attributes.get("deregistration_delay.timeout_seconds", 300)),
    )


def _listener(resource: Resource) -> Listener:
    action = resource.properties["DefaultActions"][0]
    if "TargetGroupArn" not in action:
        action = action["ForwardConfig"]["TargetGroups"][0]
    return Listener(
        name=f"{resource.stack}.{resource.name}",
        balancer=resource.properties["LoadBalancerArn"],
        port=int(resource.properties["Port"]),
        target_group=action["TargetGroupArn"],
    )


def _by_name(resources: Iterable[Resource], resource_type: str, name: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by the property that names them."""
    properties: dict[str, dict[str, Any]] = {}
    for resource in resources:
        if resource.type == resource_type:
            with _naming(resource):
                properties[resource.properties[name]] = resource.properties
    return properties


def _only(resources: Iterable[Resource], resource_type: str) -> Resource:
    """The resource of a type that the templates have once."""
    matching = [resource for resource in resources if resource.type == resource_type]
    if len(matching) != 1:
        raise ArchitectureError(f"the templates have {len(matching)} {resource_type}, expected one")
    return matching[0]
