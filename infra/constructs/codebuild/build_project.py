"""The CodeBuild project: one for all three services, told apart by SERVICE."""

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.log_group import log_group
from infra.constructs.stack import arn, take
from infra.shop import BUILD_PROJECT, PROJECT, SERVICES, XRAY_REPOSITORY

LOG_GROUP = "/lantern/build"
TIMEOUT_MIN = 30


class BuildProject(Construct):
    """Amazon's own Linux image as it is; privileged because `docker build` needs an engine beside it."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Build")
        group = log_group(self, "LogGroup", LOG_GROUP)
        self.role = iam.Role(
            self,
            "Role",
            role_name=f"{PROJECT}-build",
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            inline_policies={"least": iam.PolicyDocument(statements=_statements())},
        )
        self.project = codebuild.CfnProject(
            self,
            "Project",
            name=BUILD_PROJECT,
            description="Checks the tree, builds one service's image, writes what CodeDeploy gets",
            service_role=self.role.role_arn,
            timeout_in_minutes=TIMEOUT_MIN,
            source=codebuild.CfnProject.SourceProperty(type="CODEPIPELINE", build_spec="buildspec.yml"),
            artifacts=codebuild.CfnProject.ArtifactsProperty(type="CODEPIPELINE"),
            environment=codebuild.CfnProject.EnvironmentProperty(
                type="LINUX_CONTAINER",
                compute_type="BUILD_GENERAL1_SMALL",
                image="aws/codebuild/amazonlinux-x86_64-standard:5.0",
                privileged_mode=True,
                environment_variables=[
                    codebuild.CfnProject.EnvironmentVariableProperty(
                        name="AWS_ACCOUNT_ID", value=cdk.Aws.ACCOUNT_ID
                    )
                ],
            ),
            cache=codebuild.CfnProject.ProjectCacheProperty(
                type="LOCAL", modes=["LOCAL_DOCKER_LAYER_CACHE", "LOCAL_CUSTOM_CACHE"]
            ),
            logs_config=codebuild.CfnProject.LogsConfigProperty(
                cloud_watch_logs=codebuild.CfnProject.CloudWatchLogsConfigProperty(
                    status="ENABLED", group_name=group.log_group_name
                )
            ),
        )


def use_artifacts() -> list[iam.PolicyStatement]:
    """What the pipeline and a build do with the artifact bucket, and with no other."""
    bucket = cdk.Fn.join("", [f"arn:{cdk.Aws.PARTITION}:s3:::", take("foundation", "ArtifactBucket")])
    return [
        iam.PolicyStatement(
            sid="Artifacts",
            actions=["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            resources=[f"{bucket}/*"],
        ),
        iam.PolicyStatement(
            sid="ArtifactBucket",
            actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
            resources=[bucket],
        ),
    ]


def _statements() -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(sid="LogIn", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        iam.PolicyStatement(
            sid="PushImages",
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            resources=[arn("ecr", f"repository/{service.repository}") for service in SERVICES],
        ),
        iam.PolicyStatement(
            sid="LookUpDigests",
            actions=["ecr:DescribeImages"],
            resources=[
                arn("ecr", f"repository/{name}")
                for name in (*(service.repository for service in SERVICES), XRAY_REPOSITORY)
            ],
        ),
        *use_artifacts(),
        iam.PolicyStatement(
            sid="WriteLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[arn("logs", f"log-group:{LOG_GROUP}:*")],
        ),
        iam.PolicyStatement(
            sid="Reports",
            actions=[
                "codebuild:BatchPutTestCases",
                "codebuild:CreateReport",
                "codebuild:CreateReportGroup",
                "codebuild:UpdateReport",
            ],
            resources=[arn("codebuild", f"report-group/{BUILD_PROJECT}-*")],
        ),
    ]
