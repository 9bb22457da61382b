"""A service's first task definition, made of the taskdef.json that the pipeline fills for the later ones."""

import re

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.render import IMAGE_PLACEHOLDER, fill, fill_strings, load_task_definition
from infra.shop import XRAY_DAEMON_VERSION, XRAY_REPOSITORY, Service

REGISTRY = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"


class FirstTaskDefinition(Construct):
    """Runs the first image until the pipeline deploys; CodeDeploy does not come back to this revision."""

    def __init__(self, scope: Construct, *, service: Service, image_tag: cdk.CfnParameter) -> None:
        super().__init__(scope, "task")
        self._tokens = {
            "SERVICE": service.name,
            "SERVICE_VERSION": f"${{{image_tag.logical_id}}}",
            "SERVICE_COMMIT": f"${{{image_tag.logical_id}}}",
            "AWS_ACCOUNT_ID": "${AWS::AccountId}",
            "AWS_REGION": "${AWS::Region}",
            "XRAY_IMAGE": f"{REGISTRY}/{XRAY_REPOSITORY}:{XRAY_DAEMON_VERSION}",
        }
        self._image = f"{REGISTRY}/{service.repository}:${{{image_tag.logical_id}}}"
        template = load_task_definition()
        self.resource = ecs.CfnTaskDefinition(
            self,
            "TaskDefinition",
            **{
                _in_snake_case(key): fill_strings(value, self._substitute, where=f"taskdef.json.{key}")
                for key, value in template.items()
            },
        )

    def _substitute(self, text: str) -> str:
        filled = fill(text, self._tokens.__getitem__, where="taskdef.json")
        filled = filled.replace(IMAGE_PLACEHOLDER, self._image)
        return cdk.Fn.sub(filled) if "${" in filled else filled


def _in_snake_case(key: str) -> str:
    """`networkMode` as CDK's Python spells it; everything below the top level keeps the API's spelling."""
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", key)
