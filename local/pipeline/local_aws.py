"""The AWS on this laptop as the runner uses it: S3, ECR, ECS, SSM, Lambda, CloudWatch and EventBridge."""

import json
import logging
import threading
import urllib.request
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from local.awsapi.account import REGION
from local.iam.principals import SECRET
from local.pipeline.ecs.fargate_rules import ADDED_BY_REGISTRATION
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

CONFIG = Config(connect_timeout=3, read_timeout=60, retries={"mode": "standard", "max_attempts": 3})
EXISTS = {
    *("BucketAlreadyOwnedByYou", "BucketAlreadyExists", "RepositoryAlreadyExistsException"),
    *("ResourceAlreadyExistsException", "ResourceConflictException", "ImageAlreadyExistsException"),
}
KEPT_ARTIFACTS = 20  # of each output; as many as ECR keeps images of a service
ABSENT = {"ImageNotFoundException", "RepositoryNotFoundException"}


def is_denied(error: botocore.exceptions.ClientError) -> bool:
    """Whether the local IAM has refused a request."""
    return str(error.response["Error"]["Code"]).startswith("AccessDenied")


class LocalAws:
    """Calls to the local AWS, which threads may share. Methods raise botocore's errors or those they name."""

    def __init__(self, settings: Settings, access_key_id: str = "laptop", source_arn: str = "") -> None:
        self._settings, self.access_key_id, self._source_arn = settings, access_key_id, source_arn
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service; it is made at the first call."""
        with self._lock:
            if service not in self._clients:
                client = boto3.client(
                    service,
                    endpoint_url=self._settings.aws_url,
                    region_name=REGION,
                    aws_access_key_id=self.access_key_id,  # says who acts; a person's may be any
                    aws_secret_access_key=SECRET,
                    config=CONFIG,
                )
                if self._source_arn:
                    client.meta.events.register("before-call.sts", self._name_source)
                self._clients[service] = client
            return self._clients[service]

    def signing_as(self, access_key_id: str, source_arn: str = "") -> "LocalAws":
        """Return the same local AWS for another principal; an AWS service acts for a resource, its source."""
        return LocalAws(self._settings, access_key_id, source_arn)

    def _name_source(self, params: dict[str, Any], **_: Any) -> None:
        """Add what AWS's services tell STS, for the conditions aws:SourceArn and aws:SourceAccount."""
        params["headers"]["x-amz-source-arn"] = self._source_arn

    def create(self, service: str, operation: str, **request: Any) -> None:
        """Create a resource unless it exists. An error of the service is logged, AccessDenied is raised."""
        try:
            getattr(self.client(service), operation)(**request)
        except botocore.exceptions.ClientError as error:
            if is_denied(error):
                raise
            if error.response["Error"]["Code"] not in EXISTS:
                log.warning("%s: %s", operation, error)

    def put_artifact(self, bucket: str, key: str, content: bytes) -> None:
        """Store an artifact in S3."""
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def delete_old_artifacts(self, bucket: str, key: str) -> None:
        """Delete the artifacts of the key's folder beyond the newest KEPT_ARTIFACTS."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{key.rpartition('/')[0]}/").get("Contents", [])
        by_age = sorted(listed, key=lambda entry: entry["LastModified"], reverse=True)
        if older := [{"Key": entry["Key"]} for entry in by_age[KEPT_ARTIFACTS:] if entry["Key"] != key]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": older, "Quiet": True})

    def get_artifact(self, bucket: str, key: str) -> bytes:
        """Read an artifact from S3."""
        content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def has_image(self, repository: str, reference: str) -> bool:
        """Tell whether ECR has an image with this tag or digest."""
        image_id = {"imageDigest" if reference.startswith("sha256:") else "imageTag": reference}
        try:
            answer = self.client("ecr").describe_images(repositoryName=repository, imageIds=[image_id])
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return False
            raise
        return bool(answer["imageDetails"])

    def register_task_definition(self, definition: dict[str, Any]) -> str:
        """Register a task definition with ECS and return the ARN of the new revision."""
        answer = self.client("ecs").register_task_definition(**definition)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def task_definition(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return ARN and content of a task definition, which is named by its ARN or as family:revision."""
        described = self.client("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
        definition = {key: value for key, value in described.items() if key not in ADDED_BY_REGISTRATION}
        return str(described["taskDefinitionArn"]), definition

    def parameter(self, name: str) -> str:
        """Return a decrypted value of SSM's Parameter Store."""
        return str(self.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])

    def put_logs(self, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
        """Append lines (epoch milliseconds, text) to a log stream.

        A failure is logged; AccessDenied is raised.
        """
        if not lines:
            return
        self.create("logs", "create_log_stream", logGroupName=group, logStreamName=stream)
        try:
            self.client("logs").put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": at, "message": text[:200_000]} for at, text in lines],
            )
        except botocore.exceptions.ClientError as error:
            if is_denied(error):
                raise
            log.warning("%s %s: %s", group, stream, error)

    def put_metrics(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """Publish metric data, in the shape of PutMetricData."""
        if metric_data:
            self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=metric_data)

    def put_event(self, event: dict[str, Any]) -> None:
        """Send an event to EventBridge. Raises OSError.

        PutEvents refuses sources that begin with `aws.`, so the local AWS takes these at a path of its own.
        """
        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event["resources"],
        }
        request = urllib.request.Request(  # noqa: S310  the address is a setting
            f"{self._settings.aws_url}/_lantern/events",
            json.dumps({"Entries": [entry]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            answer = json.load(response)
        if answer["FailedEntryCount"]:
            log.warning("EventBridge: %s", answer["Entries"])
