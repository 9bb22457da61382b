"""A service's first task definition. Its sizes, containers and variables are in taskdef.json."""

import re

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.render import IMAGE_PLACEHOLDER, fill, fill_strings, load_task_definition
from infra.shop import XRAY_DAEMON_VERSION, XRAY_REPOSITORY, Service

REGISTRY = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"


def task_definition(
    scope: Construct, service: Service, *, image_tag: cdk.CfnParameter
) -> ecs.CfnTaskDefinition:
    """The revision that runs until the first deployment; CodePipeline registers the later ones."""
    tag = f"${{{image_tag.logical_id}}}"
    tokens = {
        "SERVICE": service.name,
        "SERVICE_VERSION": tag,
        "SERVICE_COMMIT": tag,
        "AWS_ACCOUNT_ID": "${AWS::AccountId}",
        "AWS_REGION": "${AWS::Region}",
        "XRAY_IMAGE": f"{REGISTRY}/{XRAY_REPOSITORY}:{XRAY_DAEMON_VERSION}",
    }

    def substitute(text: str) -> str:
        filled = fill(text, tokens.__getitem__, source="taskdef.json")
        filled = filled.replace(IMAGE_PLACEHOLDER, f"{REGISTRY}/{service.repository}:{tag}")
        return cdk.Fn.sub(filled) if "${" in filled else filled

    properties = {
        # CDK's Python spells the top level in snake case; keys below keep the API's spelling
        re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", key): fill_strings(
            value, substitute, source=f"taskdef.json.{key}"
        )
        for key, value in load_task_definition().items()
    }
    return ecs.CfnTaskDefinition(scope, "TaskDefinition", **properties)
