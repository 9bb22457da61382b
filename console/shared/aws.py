"""boto3's clients: endpoints, region and credentials come from boto3's own variables and files.

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

from console.shared.errors import AwsError, explained

T = TypeVar("T")
THREADS = 12
OWN_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
CONFIG = Config(
    connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 2}, max_pool_connections=THREADS
)


class Aws:
    """The client of each AWS service that the console asks, made at its first use."""

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
        """Whether a stand-in, not AWS, answers for CodePipeline or CodeDeploy."""
        return not all(
            is_aws_own(client.meta.endpoint_url) for client in (self.codepipeline, self.codedeploy)
        )

    @cached_property
    def account(self) -> str:
        """Account and region, for the head of each page; "" for the laptop."""
        if ".amazonaws." not in self.xray.meta.endpoint_url:
            return ""
        region = self.xray.meta.region_name
        try:
            number = boto3.client("sts", config=CONFIG).get_caller_identity()["Account"]
        except (BotoCoreError, ClientError):
            return f"AWS, {region}"
        return f"AWS account {number}, {region}"

    def ask(self, call: Callable[..., T], **request: Any) -> T:
        """Call a client's operation and return its answer; raises AwsError."""
        try:
            return call(**request)
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error

    def pages(self, client: Any, operation: str, key: str, **request: Any) -> Iterator[Any]:
        """Yield the entries under `key` of all pages of an operation; raises AwsError."""
        try:
            for page in client.get_paginator(operation).paginate(**request):
                yield from page.get(key, ())
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Start `work` in a thread of a small pool; `work` must not start more, or all threads could wait."""
        return self._pool.submit(work)

    def _client(self, name: str) -> Any:
        try:
            with self._making:
                return boto3.client(name, config=CONFIG)
        except BotoCoreError as error:
            raise explained(error) from error


def is_aws_own(endpoint_url: str) -> bool:
    """Whether an endpoint is AWS's own; any other is a stand-in."""
    return (urlsplit(endpoint_url).hostname or "").endswith(OWN_DOMAINS)


def attempt(work: Callable[[], T], otherwise: Callable[[], T]) -> tuple[T, str]:
    """Return work() and "", or otherwise() and the reason after an AwsError: a part of a page may fail."""
    try:
        return work(), ""
    except AwsError as error:
        return otherwise(), error.detail


def aws() -> Aws:
    """Return the clients of the running application."""
    clients: Aws = current_app.extensions["aws"]
    return clients
