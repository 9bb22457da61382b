"""The pipeline's role: start the builds, register task definitions, start the deployments."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.codebuild.build_project import use_artifacts
from infra.constructs.codedeploy.codedeploy_role import pass_task_roles
from infra.constructs.codepipeline.pipeline_source import PipelineSource
from infra.constructs.stack import arn
from infra.shop import BUILD_PROJECT, CODEDEPLOY_APPLICATION, PROJECT, SERVICES


def pipeline_role(scope: Construct, *, source: PipelineSource) -> iam.Role:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECSbluegreen.html"""
    role = iam.Role(
        scope,
        "PipelineRole",
        role_name=f"{PROJECT}-pipeline",
        assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"),
        inline_policies={"least": iam.PolicyDocument(statements=_statements())},
    )
    # The statement is an Fn::If, which CDK's policy documents don't take
    resource = role.node.default_child
    if not isinstance(resource, iam.CfnRole):
        raise TypeError("a role's default child is its CfnRole")
    resource.add_property_override(
        "Policies.1",
        {
            "PolicyName": "source",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [source.statement()]},
        },
    )
    return role


def _statements() -> list[iam.PolicyStatement]:
    application = arn("codedeploy", f"application:{CODEDEPLOY_APPLICATION}")
    groups = [
        arn("codedeploy", f"deploymentgroup:{CODEDEPLOY_APPLICATION}/{service.name}") for service in SERVICES
    ]
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
            resources=[application, *groups, arn("codedeploy", "deploymentconfig:*")],
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
