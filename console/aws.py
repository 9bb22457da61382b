"""The clients of AWS's APIs: endpoints, region and credentials come from boto3's own variables and files.

Nothing else in the console knows whether it looks at a laptop or at an account.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from flask import current_app

from console.errors import AwsError, explained

T = TypeVar("T")
THREADS = 12
OWN_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
CONFIG = Config(
    connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 2}, max_pool_connections=THREADS
)


class Aws:
    """X-Ray, CloudWatch, CodePipeline and the others, each made when first asked."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "aws")
        self._making = threading.Lock()  # boto3's session makes one client at a time

    @cached_property
    def xray(self) -> Any:
        """X-Ray."""
        return self._client("xray")

    @cached_property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._client("logs")

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch metrics and alarms."""
        return self._client("cloudwatch")

    @cached_property
    def codepipeline(self) -> Any:
        """CodePipeline."""
        return self._client("codepipeline")

    @cached_property
    def codedeploy(self) -> Any:
        """CodeDeploy."""
        return self._client("codedeploy")

    @cached_property
    def codecommit(self) -> Any:
        """CodeCommit."""
        return self._client("codecommit")

    @property
    def is_rehearsal(self) -> bool:
        """Whether a stand-in answers for CodePipeline or CodeDeploy."""
        return not all(
            is_aws_own(client.meta.endpoint_url) for client in (self.codepipeline, self.codedeploy)
        )

    @cached_property
    def place(self) -> str:
        """Where this console looks, for the head of each page: "" for the laptop, else account and region."""
        if ".amazonaws." not in self.xray.meta.endpoint_url:
            return ""
        region = self.xray.meta.region_name
        try:
            account = boto3.client("sts", config=CONFIG).get_caller_identity()["Account"]
        except (BotoCoreError, ClientError):
            return f"AWS, {region}"
        return f"AWS account {account}, {region}"

    def ask(self, call: Callable[..., T], **request: Any) -> T:
        """Call an operation; raises AwsError."""
        try:
            return call(**request)
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error

    def pages(self, client: Any, operation: str, key: str, **request: Any) -> Iterator[Any]:
        """Every item of a paged operation; raises AwsError."""
        try:
            for page in client.get_paginator(operation).paginate(**request):
                yield from page.get(key, ())
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Begin `work` in a thread. It must not start more itself: the threads are few."""
        return self._pool.submit(work)

    def _client(self, name: str) -> Any:
        try:
            with self._making:
                return boto3.client(name, config=CONFIG)
        except BotoCoreError as error:
            raise explained(error) from error


def is_aws_own(endpoint_url: str) -> bool:
    """Whether an endpoint is AWS's own; anything else is a stand-in for it."""
    return (urlsplit(endpoint_url).hostname or "").endswith(OWN_DOMAINS)


def attempt(work: Callable[[], T], otherwise: Callable[[], T]) -> tuple[T, str]:
    """The result and "", or what `otherwise` makes and why: one part of a page may fail."""
    try:
        return work(), ""
    except AwsError as error:
        return otherwise(), error.detail


def aws() -> Aws:
    """The clients of the running application."""
    clients: Aws = current_app.extensions["aws"]
    return clients
