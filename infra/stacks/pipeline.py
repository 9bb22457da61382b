"""pipeline: CodePipeline's stages from a commit to three canaries, the build project, the smoke test."""

import json

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct

from infra.constructs.codebuild.build_project import BuildProject
from infra.constructs.codedeploy.smoke_test_hook import smoke_test_hook
from infra.constructs.codepipeline.pipeline_role import pipeline_role
from infra.constructs.codepipeline.pipeline_source import SOURCE_ARTIFACT, PipelineSource
from infra.constructs.stack import LanternStack, import_value
from infra.render import IMAGE_PLACEHOLDER
from infra.shop import CODEDEPLOY_APPLICATION, PIPELINE, SERVICES, Service

Action = codepipeline.CfnPipeline.ActionDeclarationProperty
ActionType = codepipeline.CfnPipeline.ActionTypeIdProperty
Stage = codepipeline.CfnPipeline.StageDeclarationProperty


class PipelineStack(LanternStack):
    """Source, three builds side by side, an optional approval, then deployments: providers before consumers.

    CDK's own pipeline makes a role for each action, and a stage or a source can't depend on a parameter.
    """

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "pipeline", description="Lantern: CodePipeline, CodeBuild, the lifecycle hook"
        )
        smoke_test_hook(self)
        project = BuildProject(self).project
        source = PipelineSource(self)
        codepipeline.CfnPipeline(
            self,
            "Pipeline",
            name=PIPELINE,
            pipeline_type="V2",
            execution_mode="QUEUED",  # two canaries of one service must never overlap
            restart_execution_on_update=False,
            role_arn=pipeline_role(self, source=source).role_arn,
            artifact_store=codepipeline.CfnPipeline.ArtifactStoreProperty(
                type="S3", location=import_value("foundation", "ArtifactBucket")
            ),
            stages=[
                Stage(name="Source", actions=[source.action()]),
                Stage(name="Build", actions=[_build(service, project.project_name) for service in SERVICES]),
                self._approval(),
                Stage(
                    name="Deploy",
                    actions=[_deploy(service, run_order) for run_order, service in enumerate(SERVICES, 1)],
                ),
            ],
        )

    def _approval(self) -> cdk.IResolvable:
        """The stage in which a person agrees; parameter `Approval` says whether there is one."""
        approval = cdk.CfnParameter(
            self,
            "Approval",
            default="no",
            allowed_values=["yes", "no"],
            description="yes: a person must agree before anything is deployed",
        )
        with_approval = cdk.CfnCondition(
            self, "WithApproval", expression=cdk.Fn.condition_equals(approval.value_as_string, "yes")
        )
        versions = ", ".join(
            f"{service.name} #{{Build-{service.name}.SERVICE_VERSION}}" for service in SERVICES
        )
        stage = {
            "Name": "Approval",
            "Actions": [
                {
                    "Name": "Agree",
                    "ActionTypeId": {
                        "Category": "Approval",
                        "Owner": "AWS",
                        "Provider": "Manual",
                        "Version": "1",
                    },
                    "Configuration": {"CustomData": f"Deploy {versions}?"},
                    "RunOrder": 1,
                }
            ],
        }
        return cdk.Fn.condition_if(with_approval.logical_id, stage, cdk.Aws.NO_VALUE)


def _build(service: Service, project_name: str) -> Action:
    return Action(
        name=service.name,
        namespace=f"Build-{service.name}",
        run_order=1,
        action_type_id=ActionType(category="Build", owner="AWS", provider="CodeBuild", version="1"),
        configuration={
            "ProjectName": project_name,
            "EnvironmentVariables": json.dumps(
                [{"name": "SERVICE", "value": service.name, "type": "PLAINTEXT"}]
            ),
        },
        input_artifacts=[codepipeline.CfnPipeline.InputArtifactProperty(name=SOURCE_ARTIFACT)],
        output_artifacts=[codepipeline.CfnPipeline.OutputArtifactProperty(name=service.name)],
    )


def _deploy(service: Service, run_order: int) -> Action:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECSbluegreen.html"""
    return Action(
        name=service.name,
        run_order=run_order,
        action_type_id=ActionType(category="Deploy", owner="AWS", provider="CodeDeployToECS", version="1"),
        configuration={
            "ApplicationName": CODEDEPLOY_APPLICATION,
            "DeploymentGroupName": service.name,
            "TaskDefinitionTemplateArtifact": service.name,
            "TaskDefinitionTemplatePath": "taskdef.json",
            "AppSpecTemplateArtifact": service.name,
            "AppSpecTemplatePath": "appspec.yaml",
            "Image1ArtifactName": service.name,
            "Image1ContainerName": IMAGE_PLACEHOLDER.strip("<>"),  # the placeholder, not the container
        },
        input_artifacts=[codepipeline.CfnPipeline.InputArtifactProperty(name=service.name)],
    )
