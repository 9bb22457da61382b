"""The local AWS as the runner uses it: artifacts in S3, images in ECR, logs, metrics, events, Lambda."""

import contextlib
import io
import json
import logging
import threading
import urllib.request
import zipfile
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from local.pipeline.ecs.fargate_rules import SAID_BY_THE_REGISTRY
from local.pipeline.identifiers import ACCOUNT, REGION, arn
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

CONFIG = Config(connect_timeout=3, read_timeout=60, retries={"mode": "standard", "max_attempts": 3})
# a function may take a quarter of an hour, and must not be invoked twice
LAMBDA_CONFIG = Config(connect_timeout=3, read_timeout=930, retries={"total_max_attempts": 1})
EXISTS = {
    *("BucketAlreadyOwnedByYou", "BucketAlreadyExists", "RepositoryAlreadyExistsException"),
    *("ResourceAlreadyExistsException", "ResourceConflictException", "ImageAlreadyExistsException"),
}
ABSENT = {"ImageNotFoundException", "RepositoryNotFoundException"}


class Aws:
    """Clients are made once for each thread's sake."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self._settings.aws_url,
                    region_name=REGION,
                    aws_access_key_id="laptop",
                    aws_secret_access_key="laptop",  # noqa: S106  the local AWS asks for some key; any will do
                    config=CONFIG if service != "lambda" else LAMBDA_CONFIG,
                )
            return self._clients[service]

    def make(self, service: str, operation: str, **request: Any) -> None:
        """Create something, unless it is there."""
        with contextlib.suppress(botocore.exceptions.ClientError):
            try:
                getattr(self.client(service), operation)(**request)
            except botocore.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in EXISTS:
                    log.warning("%s: %s", operation, error)

    def put_artifact(self, bucket: str, key: str, content: bytes) -> None:
        """Keep an artifact."""
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def artifact(self, bucket: str, key: str) -> bytes:
        """Read an artifact."""
        content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def has_image(self, repository: str, reference: str) -> bool:
        """Whether the registry has this tag, or this digest. Raises botocore's errors when it can't tell."""
        image = {"imageDigest" if reference.startswith("sha256:") else "imageTag": reference}
        try:
            found = self.client("ecr").describe_images(repositoryName=repository, imageIds=[image])
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return False
            raise
        return bool(found["imageDetails"])

    def register(self, definition: dict[str, Any]) -> str:
        """Register a task definition; returns the revision's ARN."""
        answer = self.client("ecs").register_task_definition(**definition)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def task_definition(self, name: str) -> tuple[str, dict[str, Any]]:
        """A registered task definition by ARN or family:revision: its ARN, and what was registered."""
        found = self.client("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
        definition = {key: value for key, value in found.items() if key not in SAID_BY_THE_REGISTRY}
        return str(found["taskDefinitionArn"]), definition

    def parameter(self, name: str) -> str:
        """A parameter of the Parameter Store."""
        return str(self.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])

    def put_function(self, function: dict[str, Any], variables: dict[str, str]) -> None:
        """Make a function of the templates, its code included, with these variables beside its own."""
        name = function["FunctionName"]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("index.py", function["Code"]["ZipFile"])
        environment = {**function.get("Environment", {}).get("Variables", {}), **variables}
        client = self.client("lambda")
        with contextlib.suppress(botocore.exceptions.ClientError):
            client.delete_function(FunctionName=name)
        client.create_function(
            FunctionName=name,
            Runtime=function["Runtime"],
            Handler=function["Handler"],
            Role=f"arn:aws:iam::{ACCOUNT}:role/lantern-smoke-hook",
            Timeout=function.get("Timeout", 3),
            MemorySize=function.get("MemorySize", 128),
            Code={"ZipFile": buffer.getvalue()},
            Environment={"Variables": environment},
        )

    def invoke(self, function: str, event: dict[str, str]) -> str:
        """Invoke a function and wait; returns what went wrong inside it, or "". Raises botocore's errors."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        if "FunctionError" in answer:
            return str(json.loads(answer["Payload"].read()).get("errorMessage", answer["FunctionError"]))
        return ""

    def put_logs(self, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
        """Append lines (epoch ms, text) to a log stream."""
        if not lines:
            return
        client = self.client("logs")
        self.make("logs", "create_log_stream", logGroupName=group, logStreamName=stream)
        try:
            client.put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": at, "message": text[:200_000]} for at, text in lines],
            )
        except botocore.exceptions.ClientError as error:
            log.warning("%s %s: %s", group, stream, error)

    def put_metrics(self, namespace: str, data: list[dict[str, Any]]) -> None:
        """Publish metric data."""
        if data:
            self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def put_event(self, event: dict[str, Any]) -> None:
        """Send an EventBridge envelope. Raises OSError.

        Only AWS's own services may send what begins with aws., so this goes through a door for them."""
        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event["resources"],
        }
        request = urllib.request.Request(  # noqa: S310  the address is a setting
            f"{self._settings.aws_url}/_lantern/events", json.dumps({"Entries": [entry]}).encode()
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            told = json.load(answer)
        if told["FailedEntryCount"]:
            log.warning("EventBridge: %s", told["Entries"])

    def role(self, name: str) -> str:
        """A role's ARN."""
        return arn("iam", f"role/{name}").replace(f":{REGION}:", "::")
