"""foundation: image repositories, the artifact bucket and the bucket of access logs."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.stack import LanternStack, arn
from infra.shop import PROJECT, SERVICES, XRAY_CONTAINER, XRAY_REPOSITORY

ARTIFACTS_DAYS = 30
ACCESS_LOGS_DAYS = 30


class FoundationStack(LanternStack):
    """Deployed first: the images must be in their repositories before the stacks that run them are made."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "foundation", description="Lantern: image repositories, artifact bucket, access log bucket"
        )
        for service in SERVICES:
            self._repository(service.name, service.repository)
        self._repository(XRAY_CONTAINER, XRAY_REPOSITORY)
        logs = self._bucket("AccessLogs", "logs", days=ACCESS_LOGS_DAYS, versioned=False)
        self._let_load_balancers_write(logs)
        artifacts = self._bucket("Artifacts", "artifacts", days=ARTIFACTS_DAYS, versioned=True, logs=logs)
        self.export("ArtifactBucket", artifacts.bucket_name)
        self.export("AccessLogBucket", logs.bucket_name)

    def _repository(self, name: str, repository: str) -> None:
        """A repository with immutable tags: the image that was tested under a tag is the image that runs.

        Tagged images never expire: ECR counts pushes, and builds without a release would take what runs.
        """
        ecr.Repository(
            self,
            f"{name.title().replace('-', '')}Repository",
            repository_name=repository,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    description="A day for images that lost their tag",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=cdk.Duration.days(1),
                ),
            ],
            removal_policy=cdk.RemovalPolicy.DESTROY,  # `make destroy` empties it first
        )

    def _bucket(
        self, name: str, purpose: str, *, days: int, versioned: bool, logs: s3.Bucket | None = None
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            f"{name}Bucket",
            bucket_name=cdk.Fn.sub(f"{PROJECT}-{purpose}-${{AWS::AccountId}}-${{AWS::Region}}"),
            # S3's own keys: a customer key costs 1 USD a month, and load balancers can't write with one
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=versioned,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(days),
                    noncurrent_version_expiration=cdk.Duration.days(days) if versioned else None,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            server_access_logs_bucket=logs,
            server_access_logs_prefix="s3/artifacts/" if logs else None,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _let_load_balancers_write(self, logs: s3.Bucket) -> None:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        for balancer in ("public", "internal"):
            logs.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"AccessLogsOf{balancer.title()}LoadBalancer",
                    principals=[iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")],
                    actions=["s3:PutObject"],
                    resources=[logs.arn_for_objects(f"alb/{balancer}/AWSLogs/{cdk.Aws.ACCOUNT_ID}/*")],
                    conditions={
                        "ArnLike": {
                            "aws:SourceArn": arn(
                                "elasticloadbalancing", f"loadbalancer/app/{PROJECT}-{balancer}/*"
                            )
                        }
                    },
                )
            )
