"""The CodeBuild project: image, size, cache, timeout, role. SERVICE tells it which service to build."""

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.log_group import log_group, write_logs
from infra.constructs.role import role
from infra.constructs.stack import arn, import_value
from infra.shop import BUILD_PROJECT, PIPELINE, PROJECT, SERVICES, XRAY_REPOSITORY

LOG_GROUP = "/lantern/build"
TIMEOUT = cdk.Duration.minutes(30)


class BuildProject(Construct):
    """Runs buildspec.yml in Amazon's own Linux image, privileged because `docker build` needs an engine."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Build")
        group = log_group(self, "LogGroup", LOG_GROUP)
        build_role = role(
            self,
            "Role",
            f"{PROJECT}-build",
            "codebuild",
            [*_statements(), write_logs(group.log_group_arn)],
        )
        self.project = codebuild.PipelineProject(
            self,
            "Project",
            project_name=BUILD_PROJECT,
            description="Checks the tree, builds one service's image, writes what CodeDeploy gets",
            role=build_role.without_policy_updates(),  # CDK would add statements that are wider than these
            timeout=TIMEOUT,
            build_spec=codebuild.BuildSpec.from_source_filename("buildspec.yml"),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
                compute_type=codebuild.ComputeType.SMALL,
                privileged=True,
                environment_variables={
                    "AWS_ACCOUNT_ID": codebuild.BuildEnvironmentVariable(value=cdk.Aws.ACCOUNT_ID)
                },
            ),
            cache=codebuild.Cache.local(
                codebuild.LocalCacheMode.DOCKER_LAYER, codebuild.LocalCacheMode.CUSTOM
            ),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=group)),
        )


def use_artifacts() -> list[iam.PolicyStatement]:
    """Permission for the pipeline and its builds to read and write the pipeline's own part of the bucket.

    CodePipeline's keys begin with the pipeline's name. Beside them are functions' packages, which the next
    deployment runs.
    """
    bucket = cdk.Fn.join("", [f"arn:{cdk.Aws.PARTITION}:s3:::", import_value("foundation", "ArtifactBucket")])
    return [
        iam.PolicyStatement(
            sid="Artifacts",
            actions=["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            resources=[f"{bucket}/{PIPELINE}/*"],
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
