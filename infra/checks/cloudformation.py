"""Rules over the synthesised templates: what makes a deployment safe and keeps doors and bill small."""

from typing import Any

from infra.checks.aws_files import Tree
from infra.shop import DORA_SILENT, SERVICES, TAG
from infra.template import Resource

LONGEST_RETENTION_DAYS = 30
ROLLBACK_EVENTS = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}
INTERNET = ("0.0.0.0/0", "::/0")
# CloudFormation has no Tags property for these
UNTAGGED = {
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::Lambda::Permission",
    "AWS::Logs::QueryDefinition",
    "AWS::Route53::HostedZone",  # HostedZoneTags
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


def problems(tree: Tree) -> list[str]:
    """Everything in the templates that one would be sorry for on an account."""
    return [
        *_repositories(tree),
        *_log_groups(tree),
        *_services(tree),
        *_deployment_groups(tree),
        *_alarms(tree),
        *_scaling(tree),
        *_listeners(tree),
        *_doors(tree),
        *_buckets_and_tables(tree),
        *_pipeline(tree),
        *_tags(tree),
    ]


def _repositories(tree: Tree) -> list[str]:
    found = []
    for repository in tree.of_type("AWS::ECR::Repository"):
        if repository.properties.get("ImageTagMutability") != "IMMUTABLE":
            found.append(
                f"{repository}: ImageTagMutability is {repository.properties.get('ImageTagMutability')!r}, "
                "expected 'IMMUTABLE': what was tested under a tag is what runs under it"
            )
        if not repository.properties.get("ImageScanningConfiguration", {}).get("ScanOnPush"):
            found.append(f"{repository}: ImageScanningConfiguration.ScanOnPush must be true")
        if "LifecyclePolicy" not in repository.properties:
            found.append(f"{repository}: has no LifecyclePolicy; images would pile up and cost")
    return found


def _log_groups(tree: Tree) -> list[str]:
    found = []
    for group in tree.of_type("AWS::Logs::LogGroup"):
        days = group.properties.get("RetentionInDays")
        if days is None or days > LONGEST_RETENTION_DAYS:
            found.append(
                f"{group}: RetentionInDays is {days or 'not set'}, expected <= {LONGEST_RETENTION_DAYS}: "
                "lines that nobody deletes are paid for for ever"
            )
    return found


def _services(tree: Tree) -> list[str]:
    found = []
    for service in tree.of_type("AWS::ECS::Service"):
        properties = service.properties
        network = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
        expected = [
            (
                "DeploymentController.Type",
                properties.get("DeploymentController", {}).get("Type"),
                "CODE_DEPLOY",
            ),
            ("EnableExecuteCommand", properties.get("EnableExecuteCommand"), False),
            ("AssignPublicIp", network.get("AssignPublicIp"), "DISABLED"),
            ("TaskDefinition", properties.get("TaskDefinition"), f"lantern-{properties.get('ServiceName')}"),
        ]
        found += [
            f"{service}: {key} is {value!r}, expected {wanted!r}"
            for key, value, wanted in expected
            if value != wanted
        ]
    return found


def _deployment_groups(tree: Tree) -> list[str]:
    found = []
    for group in tree.of_type("AWS::CodeDeploy::DeploymentGroup"):
        properties = group.properties
        pairs = properties.get("LoadBalancerInfo", {}).get("TargetGroupPairInfoList", [{}])
        if len(pairs) != 1 or len(pairs[0].get("TargetGroups", [])) != 2:
            found.append(f"{group}: needs one pair of exactly two target groups")
        for route in ("ProdTrafficRoute", "TestTrafficRoute"):
            if len(pairs[0].get(route, {}).get("ListenerArns", [])) != 1:
                found.append(f"{group}: {route} must name one listener")
        rollback = properties.get("AutoRollbackConfiguration", {})
        if not rollback.get("Enabled") or set(rollback.get("Events", [])) != ROLLBACK_EVENTS:
            found.append(
                f"{group}: AutoRollbackConfiguration must be enabled for {', '.join(sorted(ROLLBACK_EVENTS))}"
            )
        found += _watched(tree, group)
    return found


def _watched(tree: Tree, group: Resource) -> list[str]:
    """Blue and green change parts after each deployment, so both need the same alarms."""
    configuration = group.properties.get("AlarmConfiguration", {})
    named = (
        {alarm["Name"] for alarm in configuration.get("Alarms", [])}
        if configuration.get("Enabled")
        else set()
    )
    alarms = [
        alarm for alarm in tree.of_type("AWS::CloudWatch::Alarm") if alarm.properties["AlarmName"] in named
    ]
    watched: dict[str, set[str]] = {"Blue": set(), "Green": set()}
    for alarm in alarms:
        for colour in watched:
            if f"<{group.stack}.{colour}TargetGroup." in str(alarm.properties):
                watched[colour].add(alarm.properties["AlarmName"].rsplit("-", 1)[-1])
    blue, green = (sorted(watched[colour]) for colour in ("Blue", "Green"))
    if not blue or blue != green:
        return [
            f"{group}: its alarms watch {blue} of blue and {green} of green; they must watch both target "
            "groups alike, because these change parts after each deployment"
        ]
    return []


def _alarms(tree: Tree) -> list[str]:
    return [
        f"{alarm}: TreatMissingData is {alarm.properties.get('TreatMissingData')!r}, not 'notBreaching': "
        "a canary's minute may have no request"
        for alarm in tree.of_type("AWS::CloudWatch::Alarm")
        if alarm.properties["AlarmName"] != DORA_SILENT
        and alarm.properties.get("TreatMissingData") != "notBreaching"
    ]


def _scaling(tree: Tree) -> list[str]:
    return [
        f"{policy}: ALBRequestCountPerTarget names one target group and is not supported with blue/green"
        for policy in tree.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
        if "ALBRequestCountPerTarget" in str(policy.properties)
    ]


def _listeners(tree: Tree) -> list[str]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html"""
    found = []
    for listener in tree.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        actions = listener.properties.get("DefaultActions", [])
        if len(actions) != 1 or actions[0].get("Type") != "forward" or "TargetGroupArn" not in actions[0]:
            found.append(f"{listener}: needs one default action that forwards to one target group")
    return found


def _doors(tree: Tree) -> list[str]:
    """Only the public load balancer is open to the internet, and only on its production ports."""
    open_ports = {80, 443}
    found = []
    for rule in tree.of_type("AWS::EC2::SecurityGroupIngress"):
        properties = rule.properties
        if properties.get("CidrIp") in INTERNET and (
            "PublicLoadBalancer" not in str(properties["GroupId"]) or properties["FromPort"] not in open_ports
        ):
            found.append(f"{rule}: port {properties['FromPort']} is open to the internet")
    for group in tree.of_type("AWS::EC2::SecurityGroup"):
        if any(rule.get("CidrIp") in INTERNET for rule in group.properties.get("SecurityGroupIngress", [])):
            found.append(f"{group}: is open to the internet")
    return found


def _buckets_and_tables(tree: Tree) -> list[str]:
    found = []
    for bucket in tree.of_type("AWS::S3::Bucket"):
        block: dict[str, Any] = bucket.properties.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(block.values()):
            found.append(f"{bucket}: PublicAccessBlockConfiguration must block all four ways")
        if "BucketEncryption" not in bucket.properties:
            found.append(f"{bucket}: has no BucketEncryption")
    for table in tree.of_type("AWS::DynamoDB::Table"):
        recovery = table.properties.get("PointInTimeRecoverySpecification", {})
        if not recovery.get("PointInTimeRecoveryEnabled"):
            found.append(f"{table}: PointInTimeRecoveryEnabled must be true")
    return found


def _pipeline(tree: Tree) -> list[str]:
    found = []
    order = [service.name for service in SERVICES]
    for pipeline in tree.of_type("AWS::CodePipeline::Pipeline"):
        mode = pipeline.properties.get("ExecutionMode")
        if pipeline.properties.get("PipelineType") != "V2" or mode != "QUEUED":
            found.append(
                f"{pipeline}: must be V2 and QUEUED, found {mode!r}: two canaries must never overlap"
            )
        stages = {stage["Name"]: stage["Actions"] for stage in pipeline.properties["Stages"]}
        deployed = [
            action["Name"]
            for action in sorted(stages.get("Deploy", []), key=lambda action: action["RunOrder"])
        ]
        places = [action["RunOrder"] for action in stages.get("Deploy", [])]
        if deployed != order or len(set(places)) != len(places):
            found.append(
                f"{pipeline}: deploys {deployed}, expected one after the other: {order}, providers first"
            )
    return found


def _tags(tree: Tree) -> list[str]:
    ((key, value),) = TAG.items()
    return [
        f"{resource}: has no tag {key}={value}; 'make destroy' could not find it"
        for resource in tree.resources
        if resource.type not in UNTAGGED and not _tagged(resource.properties, key, value)
    ]


def _tagged(properties: dict[str, Any], key: str, value: str) -> bool:
    tags = properties.get("Tags", properties.get("HostedZoneTags", []))
    if isinstance(tags, dict):
        return bool(tags.get(key) == value)
    return {"Key": key, "Value": value} in tags
