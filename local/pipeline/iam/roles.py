"""The roles and resource policies of the synthesised templates, with the ARNs that AWS would give. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.template import FOLDER, Resource, TemplateError, load
from local.pipeline.architecture import ArchitectureError
from local.pipeline.identifiers import arn

# A type's service, and its name in an ARN with {} for the property that names it
ARNS = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}", "TableName"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*", "LogGroupName"),
    "AWS::SQS::Queue": ("sqs", "{}", "QueueName"),
    "AWS::SNS::Topic": ("sns", "{}", "TopicName"),
    "AWS::Lambda::Function": ("lambda", "function:{}", "FunctionName"),
    "AWS::Events::Rule": ("events", "rule/{}", "Name"),
}
POLICY_TYPES = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role: its trust policy and its inline policies by their names. `origin` says where it is written."""

    name: str
    origin: str
    trust: dict[str, Any]
    policies: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every role, by its name, and each resource's policy, by the resource's ARN."""

    roles: dict[str, Role]
    resources: dict[str, dict[str, Any]]


def read_policies(folder: Path = FOLDER) -> Policies:
    """Read all templates. Raises ArchitectureError."""
    try:
        resources = [resource for stack in load(folder) for resource in stack.resources()]
    except TemplateError as error:
        raise ArchitectureError(str(error)) from None
    named = _with_arns(resources)
    roles = {role.name: role for role in _roles(named)}
    return Policies(roles=roles, resources=dict(_resource_policies(named)))


def _with_arns(resources: Iterable[Resource]) -> list[Resource]:
    """Put ARNs in the places of references that only AWS could fill."""
    kept = list(resources)
    text = json.dumps([resource.properties for resource in kept])
    for resource in kept:
        reference = f"<{resource.stack}.{resource.name}"
        if resource.type == "AWS::S3::Bucket":
            text = text.replace(f"{reference}.Arn>", f"arn:aws:s3:::{resource.properties['BucketName']}")
        elif resource.type in ARNS:
            service, form, key = ARNS[resource.type]
            name = resource.properties.get(key) or f"{resource.stack}-{resource.name}"
            text = text.replace(f"{reference}.Arn>", arn(service, form.format(name)))
            text = text.replace(f"{reference}>", arn(service, form.format(name)))
    return [
        Resource(stack=resource.stack, name=resource.name, type=resource.type, properties=properties)
        for resource, properties in zip(kept, json.loads(text), strict=True)
    ]


def role_name(resource: Resource) -> str:
    """The role's name; where AWS makes one it begins so."""
    return str(resource.properties.get("RoleName") or f"{resource.stack}-{resource.name}")


def _roles(resources: list[Resource]) -> Iterator[Role]:
    attached = [resource for resource in resources if resource.type == "AWS::IAM::Policy"]
    for resource in resources:
        if resource.type != "AWS::IAM::Role":
            continue
        inline = {
            policy["PolicyName"]: policy["PolicyDocument"]
            for policy in resource.properties.get("Policies", [])
        }
        reference = f"<{resource.stack}.{resource.name}>"
        inline |= {
            policy.properties["PolicyName"]: policy.properties["PolicyDocument"]
            for policy in attached
            if {reference, role_name(resource)} & set(policy.properties.get("Roles", []))
        }
        yield Role(
            name=role_name(resource),
            origin=str(resource),
            trust=resource.properties["AssumeRolePolicyDocument"],
            policies=inline,
        )


def _resource_policies(resources: list[Resource]) -> Iterator[tuple[str, dict[str, Any]]]:
    topics = [
        resource.properties.get("TopicName") for resource in resources if resource.type == "AWS::SNS::Topic"
    ]
    for resource in resources:
        if resource.type in POLICY_TYPES:
            names = resource.properties[POLICY_TYPES[resource.type]]
            document = resource.properties["PolicyDocument"]
            for name in names if isinstance(names, list) else [names]:
                if (
                    name in topics
                ):  # a topic's reference is its ARN, which the templates' reader does not know
                    written = json.dumps(document).replace(f'"{name}"', f'"{arn("sns", name)}"')
                    yield arn("sns", name), json.loads(written)
                else:
                    yield (name if name.startswith("arn:") else f"arn:aws:s3:::{name}"), document
        elif resource.type == "AWS::Lambda::Permission":
            yield _function_permission(resource)


def _function_permission(resource: Resource) -> tuple[str, dict[str, Any]]:
    """A function's permission as the policy that Lambda makes of it."""
    properties = resource.properties
    source = properties.get("SourceArn")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
        **({"Condition": {"ArnLike": {"aws:SourceArn": source}}} if source else {}),
    }
    return properties["FunctionName"], {"Version": "2012-10-17", "Statement": [statement]}
