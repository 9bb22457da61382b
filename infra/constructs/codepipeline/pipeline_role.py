"""The pipeline's role: what its source, build and deploy actions may do."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.codebuild.build_project import use_artifacts
from infra.constructs.codedeploy.codedeploy_role import pass_task_roles
from infra.constructs.codedeploy.deployment_group import deployment_group_arns
from infra.constructs.codepipeline.pipeline_source import PipelineSource
from infra.constructs.role import role
from infra.constructs.stack import arn, cfn_resource
from infra.shop import BUILD_PROJECT, CODEDEPLOY_APPLICATION, PROJECT, SERVICES


def pipeline_role(scope: Construct, *, source: PipelineSource) -> iam.Role:
    """What the deploy action needs: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECSbluegreen.html"""
    pipeline = role(scope, "PipelineRole", f"{PROJECT}-pipeline", "codepipeline", _statements())
    # The statement is an Fn::If, which CDK's policy documents don't take
    cfn_resource(pipeline).add_property_override(
        "Policies.1",
        {
            "PolicyName": "source",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [source.statement()]},
        },
    )
    return pipeline


def _statements() -> list[iam.PolicyStatement]:
    application = arn("codedeploy", f"application:{CODEDEPLOY_APPLICATION}")
    return [
        *use_artifacts(),
        iam.PolicyStatement(
            sid="Build",
            actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
            resources=[arn("codebuild", f"project/{BUILD_PROJECT}")],
        ),
        iam.PolicyStatement(
            sid="Deploy",
            actions=[
                "codedeploy:CreateDeployment",
                "codedeploy:GetApplication",
                "codedeploy:GetApplicationRevision",
                "codedeploy:GetDeployment",
                "codedeploy:GetDeploymentConfig",
                "codedeploy:RegisterApplicationRevision",
            ],
            resources=[application, *deployment_group_arns(), arn("codedeploy", "deploymentconfig:*")],
        ),
        # ECS knows no resources for this one
        iam.PolicyStatement(sid="Register", actions=["ecs:RegisterTaskDefinition"], resources=["*"]),
        iam.PolicyStatement(
            sid="Tag",
            actions=["ecs:TagResource"],
            resources=[arn("ecs", f"task-definition/{service.family}:*") for service in SERVICES],
            conditions={"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        pass_task_roles(),
    ]
