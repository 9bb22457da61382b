"""Rules over the synthesised templates that cdk-nag and checkov do not know, or that are quick here."""

import json
from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import AwsFiles
from infra.shop import DORA_SILENT, SERVICES, TAG
from infra.template import Resource

LONGEST_RETENTION_DAYS = 30
ROLLBACK_EVENTS = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}
INTERNET = ("0.0.0.0/0", "::/0")
PORTS_FOR_CUSTOMERS = (80, 443)
# CloudFormation has no Tags property for these
UNTAGGED = {
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::IAM::Policy",
    "AWS::Lambda::Permission",
    "AWS::Logs::QueryDefinition",
    "AWS::Route53::HostedZone",  # HostedZoneTags
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


def problems(files: AwsFiles) -> list[str]:
    """Resources of the templates that break a rule."""
    rules = (
        *(_repositories, _log_groups, _services, _deployment_groups, _alarms, _scaling, _sampling),
        *(_listeners, _open_ports, _pipeline, _tags),
    )
    return [problem for rule in rules for problem in rule(files)]


def _repositories(files: AwsFiles) -> Iterator[str]:
    for repository in files.of_type("AWS::ECR::Repository"):
        mutability = repository.properties.get("ImageTagMutability")
        if mutability != "IMMUTABLE":
            yield (
                f"{repository}: ImageTagMutability is {mutability!r}, expected 'IMMUTABLE': "
                "the image that was tested under a tag must be the one that runs"
            )
        if not repository.properties.get("ImageScanningConfiguration", {}).get("ScanOnPush"):
            yield f"{repository}: ImageScanningConfiguration.ScanOnPush must be true"
        if "LifecyclePolicy" not in repository.properties:
            yield f"{repository}: has no LifecyclePolicy; images would pile up and cost"
            continue
        policy = json.loads(repository.properties["LifecyclePolicy"]["LifecyclePolicyText"])
        for rule in policy["rules"]:
            if (status := rule["selection"]["tagStatus"]) != "untagged":
                yield (
                    f"{repository}: LifecyclePolicy rule {rule['rulePriority']} expires images with "
                    f"tagStatus {status!r}, expected 'untagged' only: it may take the image that runs"
                )


def _log_groups(files: AwsFiles) -> Iterator[str]:
    for group in files.of_type("AWS::Logs::LogGroup"):
        days = group.properties.get("RetentionInDays")
        if days is None or days > LONGEST_RETENTION_DAYS:
            yield (
                f"{group}: RetentionInDays is {days or 'not set'}, expected <= {LONGEST_RETENTION_DAYS}: "
                "lines that nobody deletes are paid for for ever"
            )


def _services(files: AwsFiles) -> Iterator[str]:
    for service in files.of_type("AWS::ECS::Service"):
        properties = service.properties
        network = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
        controller = properties.get("DeploymentController", {}).get("Type")
        family = f"lantern-{properties.get('ServiceName')}"
        for field, value, expected in (
            ("DeploymentController.Type", controller, "CODE_DEPLOY"),
            ("EnableExecuteCommand", properties.get("EnableExecuteCommand"), False),
            ("AssignPublicIp", network.get("AssignPublicIp"), "DISABLED"),
            ("TaskDefinition", properties.get("TaskDefinition"), family),
        ):
            if value != expected:
                yield f"{service}: {field} is {value!r}, expected {expected!r}"


def _deployment_groups(files: AwsFiles) -> Iterator[str]:
    for group in files.of_type("AWS::CodeDeploy::DeploymentGroup"):
        pairs = group.properties.get("LoadBalancerInfo", {}).get("TargetGroupPairInfoList", [{}])
        if len(pairs) != 1 or len(pairs[0].get("TargetGroups", [])) != 2:
            yield f"{group}: needs one pair of exactly two target groups"
        for route in ("ProdTrafficRoute", "TestTrafficRoute"):
            if len(pairs[0].get(route, {}).get("ListenerArns", [])) != 1:
                yield f"{group}: {route} must name one listener"
        rollback = group.properties.get("AutoRollbackConfiguration", {})
        if not rollback.get("Enabled") or set(rollback.get("Events", [])) != ROLLBACK_EVENTS:
            events = ", ".join(sorted(ROLLBACK_EVENTS))
            yield f"{group}: AutoRollbackConfiguration must be enabled for {events}"
        yield from _watched_alike(files, group)


def _watched_alike(files: AwsFiles, group: Resource) -> Iterator[str]:
    """Blue and green change parts after each deployment, so both need the same alarms."""
    configuration = group.properties.get("AlarmConfiguration", {})
    alarms = configuration.get("Alarms", []) if configuration.get("Enabled") else []
    names = {alarm["Name"] for alarm in alarms}
    kinds: dict[str, set[str]] = {"Blue": set(), "Green": set()}
    for alarm in files.of_type("AWS::CloudWatch::Alarm"):
        for colour in kinds:
            watches = f"<{group.stack}.{colour}TargetGroup." in str(alarm.properties)
            if alarm.properties["AlarmName"] in names and watches:
                kinds[colour].add(alarm.properties["AlarmName"].rsplit("-", 1)[-1])
    blue, green = sorted(kinds["Blue"]), sorted(kinds["Green"])
    if not blue or blue != green:
        yield (
            f"{group}: its alarms watch {blue} of blue and {green} of green; they must watch both target "
            "groups alike, because these change parts after each deployment"
        )


def _alarms(files: AwsFiles) -> Iterator[str]:
    for alarm in files.of_type("AWS::CloudWatch::Alarm"):
        treatment = alarm.properties.get("TreatMissingData")
        if alarm.properties["AlarmName"] != DORA_SILENT and treatment != "notBreaching":
            yield (
                f"{alarm}: TreatMissingData is {treatment!r}, not 'notBreaching': "
                "a canary's minute may have no request"
            )


def _scaling(files: AwsFiles) -> Iterator[str]:
    for policy in files.of_type("AWS::ApplicationAutoScaling::ScalingPolicy"):
        if "ALBRequestCountPerTarget" in str(policy.properties):
            yield (
                f"{policy}: ALBRequestCountPerTarget names one target group and is not supported "
                "with blue/green"
            )
        if "FILL(" in str(policy.properties):
            yield (
                f"{policy}: FILL makes numbers of missing data, by which its alarm may stay; expected "
                "SUM([..]) / SUM([..])"
            )


def _sampling(files: AwsFiles) -> Iterator[str]:
    names = [service.name for service in SERVICES]
    for resource in files.of_type("AWS::XRay::SamplingRule"):
        service = resource.properties["SamplingRule"].get("ServiceName")
        if service not in names:
            yield (
                f"{resource}: ServiceName is {service!r}, expected one of {', '.join(names)}: it would "
                "decide for every application of the account"
            )


def _listeners(files: AwsFiles) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html"""
    for listener in files.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        actions = listener.properties.get("DefaultActions", [])
        if len(actions) != 1 or actions[0].get("Type") != "forward" or "TargetGroupArn" not in actions[0]:
            yield f"{listener}: needs one default action that forwards to one target group"


def _open_ports(files: AwsFiles) -> Iterator[str]:
    """Only the public load balancer may be open to the internet, and only on its production ports."""
    for rule in files.of_type("AWS::EC2::SecurityGroupIngress"):
        port, group = rule.properties["FromPort"], str(rule.properties["GroupId"])
        is_for_customers = "PublicLoadBalancer" in group and port in PORTS_FOR_CUSTOMERS
        if rule.properties.get("CidrIp") in INTERNET and not is_for_customers:
            yield f"{rule}: port {port} is open to the internet"
    for security_group in files.of_type("AWS::EC2::SecurityGroup"):
        rules = security_group.properties.get("SecurityGroupIngress", [])
        if any(ingress.get("CidrIp") in INTERNET for ingress in rules):
            yield f"{security_group}: is open to the internet"


def _pipeline(files: AwsFiles) -> Iterator[str]:
    expected = [service.name for service in SERVICES]
    for pipeline in files.of_type("AWS::CodePipeline::Pipeline"):
        mode = pipeline.properties.get("ExecutionMode")
        if pipeline.properties.get("PipelineType") != "V2" or mode != "QUEUED":
            yield f"{pipeline}: must be V2 and QUEUED, found {mode!r}: two canaries must never overlap"
        stages = {stage["Name"]: stage["Actions"] for stage in pipeline.properties["Stages"]}
        actions = sorted(stages.get("Deploy", []), key=lambda action: action["RunOrder"])
        deployed = [action["Name"] for action in actions]
        if deployed != expected or len({action["RunOrder"] for action in actions}) != len(actions):
            yield f"{pipeline}: deploys {deployed}, expected one after the other: {expected}, providers first"


def _tags(files: AwsFiles) -> Iterator[str]:
    ((key, value),) = TAG.items()
    for resource in files.resources:
        if resource.type not in UNTAGGED and not _is_tagged(resource.properties, key, value):
            yield f"{resource}: has no tag {key}={value}; 'make destroy' could not find it"


def _is_tagged(properties: dict[str, Any], key: str, value: str) -> bool:
    tags = properties.get("Tags", properties.get("HostedZoneTags", []))
    if isinstance(tags, dict):
        return bool(tags.get(key) == value)
    return {"Key": key, "Value": value} in tags
