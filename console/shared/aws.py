"""boto3's clients: endpoints, region and credentials come from boto3's own variables and files.

Nothing else in the console knows whether it looks at a laptop or at an account.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
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
    """The clients of the AWS services that the console asks, each made at its first use."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "aws")
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()  # boto3's session makes one client at a time

    def client(self, service: str, endpoint_url: str | None = None) -> Any:
        """Return boto3's client of a service, at its own endpoint or the given one; raises AwsError."""
        key = service, endpoint_url
        with self._lock:
            if key not in self._clients:
                try:
                    self._clients[key] = boto3.client(service, endpoint_url=endpoint_url, config=CONFIG)
                except BotoCoreError as error:
                    raise explained(error) from error
            return self._clients[key]

    def is_stand_in(self, service: str) -> bool:
        """Whether a service's endpoint is not AWS's own."""
        return not is_aws_own(self.client(service).meta.endpoint_url)

    @cached_property
    def account(self) -> str:
        """Account and region, for the head of each page; "" for the laptop."""
        xray = self.client("xray")
        if ".amazonaws." not in xray.meta.endpoint_url:
            return ""
        region = xray.meta.region_name
        try:
            number = boto3.client("sts", config=CONFIG).get_caller_identity()["Account"]
        except (BotoCoreError, ClientError):
            return f"AWS, {region}"
        return f"AWS account {number}, {region}"

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        """Call an operation, by boto3's name of it, and return its answer; raises AwsError."""
        try:
            return getattr(self.client(service), operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error

    def find(self, service: str, operation: str, unknown: Collection[str], **parameters: Any) -> Any | None:
        """Call an operation like `ask`, but return None where AWS's error code is one of `unknown`."""
        try:
            return self.ask(service, operation, **parameters)
        except AwsError as error:
            if error.code in unknown:
                return None
            raise

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Yield the entries under `key` of all pages of an operation; raises AwsError."""
        yield from pages_of(self.client(service), operation, key, **parameters)

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Start `work` in a thread of a small pool; `work` must not start more, or all threads could wait."""
        return self._pool.submit(work)

    def start_attempt(self, work: Callable[[], T], otherwise: Callable[[], T]) -> Future[tuple[T, str]]:
        """Start `attempt` in such a thread."""
        return self.start(partial(attempt, work, otherwise))


def pages_of(client: Any, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
    """Yield the entries under `key` of all pages of an operation of any client; raises AwsError."""
    try:
        for page in client.get_paginator(operation).paginate(**parameters):
            yield from page.get(key, ())
    except (BotoCoreError, ClientError) as error:
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
