"""`aws`, `origin` and `service` of a segment: where it ran (the resource), and what it called (the span)."""

import re
from typing import Any

from local.xray.otlp.attributes import Attributes, text, without_empty
from local.xray.segments import Document

OPERATION = ("aws.operation", "rpc.method")
REQUEST_ID = ("aws.request_id", "aws.requestId")
QUEUE_URL = ("aws.queue_url", "aws.queue.url")
TABLE_NAME = ("aws.table_name", "aws.table.name")
# what is in `aws` afterwards, and so in no metadata
KEYS = frozenset((*OPERATION, *REQUEST_ID, *QUEUE_URL, *TABLE_NAME, "aws.account_id", "aws.region"))
CALL_KEYS = KEYS | {"messaging.url", "aws.dynamodb.table_names"}
OF_THE_CALL = (
    *("operation", "account_id", "region", "request_id", "queue_url"),
    *("table_name", "table_names"),
)

ORIGINS = {
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_ecs": "AWS::ECS::Container",
    "aws_ec2": "AWS::EC2::Instance",
}
ECS_ORIGINS = {"ec2": "AWS::ECS::EC2", "fargate": "AWS::ECS::Fargate"}  # by the launch type


def origin_of(resource: Attributes) -> str:
    """The type of what the program ran on; "" where the resource doesn't say."""
    if "cloud.provider" in resource and resource["cloud.provider"] != "aws":
        return ""
    platform = text(resource, "cloud.platform")
    origin = ORIGINS.get(platform, "")
    if platform == "aws_ecs":
        return ECS_ORIGINS.get(text(resource, "aws.ecs.launchtype"), origin)
    return origin


def service_of(resource: Attributes) -> Document | None:
    """The version of the program or, without one, of its image."""
    for key in ("service.version", "container.image.tag"):
        if key in resource:
            return without_empty({"version": text(resource, key)})
    return None


def aws_of_resource(resource: Attributes) -> Document | None:
    """The part of `aws` that all spans of a resource have; None when it is another cloud's."""
    if text(resource, "cloud.provider") not in ("", "aws"):
        return None
    return without_empty(
        {
            "account_id": text(resource, "cloud.account.id"),
            "ec2": _ec2(resource),
            "ecs": _ecs(resource),
            "elastic_beanstalk": _beanstalk(resource),
            "eks": _eks(resource),
            "cloudwatch_logs": _log_groups(resource),
            "xray": _sdk(resource),
        }
    )


def aws_of_span(of_resource: Document | None, attributes: Attributes) -> Document | None:
    """The resource's part with the call of an AWS SDK."""
    if of_resource is None:
        return None
    if CALL_KEYS.isdisjoint(attributes):
        return of_resource
    call: dict[str, Any] = {
        "operation": text(attributes, *OPERATION),
        "region": text(attributes, "aws.region"),
        "request_id": text(attributes, *REQUEST_ID),
        "queue_url": text(attributes, "messaging.url", *QUEUE_URL),
        "table_name": text(attributes, *TABLE_NAME),
    }
    if attributes.get("aws.account_id") is not None:
        call["account_id"] = text(attributes, "aws.account_id")
    tables = attributes.get("aws.dynamodb.table_names")
    if isinstance(tables, str):
        call["table_name"] = tables
    elif isinstance(tables, list) and len(tables) == 1:
        call["table_name"] = tables[0] if isinstance(tables[0], str) else ""
    elif isinstance(tables, list) and tables:
        call |= {"table_name": "", "table_names": [t if isinstance(t, str) else "" for t in tables]}
    return of_resource | without_empty(call)


def _ec2(resource: Attributes) -> Document:
    if text(resource, "cloud.platform") != "aws_ec2" and not text(resource, "host.id"):
        return {}
    return without_empty(
        {
            "instance_id": text(resource, "host.id"),
            "availability_zone": text(resource, "cloud.availability_zone"),
            "instance_size": text(resource, "host.type"),
            "ami_id": text(resource, "host.image.id"),
        }
    )


def _ecs(resource: Attributes) -> Document:
    if text(resource, "cloud.platform") != "aws_ecs":
        return {}
    return without_empty(
        {
            "container": text(resource, "container.name"),
            "container_id": text(resource, "container.id"),
            "availability_zone": text(resource, "cloud.availability_zone"),
            "container_arn": text(resource, "aws.ecs.container.arn"),
            "cluster_arn": text(resource, "aws.ecs.cluster.arn"),
            "task_arn": text(resource, "aws.ecs.task.arn"),
            "task_family": text(resource, "aws.ecs.task.family"),
            "launch_type": text(resource, "aws.ecs.launchtype"),
        }
    )


def _beanstalk(resource: Attributes) -> Document:
    deployment = text(resource, "service.instance.id")
    if text(resource, "cloud.platform") != "aws_elastic_beanstalk" or not deployment:
        return {}
    is_number = re.fullmatch(r"[0-9]{1,18}", deployment)
    fields = {
        "environment_name": text(resource, "service.namespace"),
        "version_label": text(resource, "service.version"),
    }
    return without_empty(fields) | {"deployment_id": int(deployment) if is_number else 0}


def _eks(resource: Attributes) -> Document:
    cluster = text(resource, "k8s.cluster.name")
    if text(resource, "cloud.platform") != "aws_eks" and not cluster:
        return {}
    return without_empty(
        {
            "cluster_name": cluster,
            "pod": text(resource, "k8s.pod.name"),
            "container_id": text(resource, "container.id"),
        }
    )


def _log_groups(resource: Attributes) -> list[Document]:
    if arns := _texts(resource.get("aws.log.group.arns")):
        return [{"arn": arn, "log_group": _log_group(arn)} for arn in arns]
    return [{"log_group": name} for name in _texts(resource.get("aws.log.group.names"))]


def _texts(value: Any) -> list[str]:
    """The texts of a list, or of one text that joins them by &, as OTEL_RESOURCE_ATTRIBUTES has them."""
    if isinstance(value, str):
        return [part for part in value.split("&") if part]
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _log_group(arn: str) -> str:
    parts = arn.split(":")
    return parts[6] if len(parts) >= 7 else arn


def _sdk(resource: Attributes) -> Document:
    name, language = text(resource, "telemetry.sdk.name"), text(resource, "telemetry.sdk.language")
    fields = {
        "sdk": f"{name} for {language}" if name and language else name,
        "sdk_version": text(resource, "telemetry.sdk.version"),
    }
    is_automatic = bool(text(resource, "telemetry.distro.version", "telemetry.auto.version"))
    return without_empty(fields) | {"auto_instrumentation": is_automatic}
