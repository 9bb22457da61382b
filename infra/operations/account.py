"""The AWS account and region of the user's credentials, and clients for it."""

import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.operations.errors import AccountError, UsageError


class Account:
    """The account that the environment selects, as for the `aws` command. Raises UsageError when none is."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        self._clients: dict[str, Any] = {}
        if not self._session.region_name:
            raise UsageError("no region: set AWS_DEFAULT_REGION, for example to us-east-1")
        self.region = str(self._session.region_name)
        try:
            identity = self.client("sts").get_caller_identity()
        except NoCredentialsError:
            raise UsageError("no credentials: run 'aws configure' or set AWS_PROFILE") from None
        except (ClientError, BotoCoreError) as error:
            raise UsageError(f"AWS does not take these credentials: {error}") from None
        self.number = str(identity["Account"])

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def pages(self, service: str, operation: str, key: str, **request: Any) -> list[Any]:
        """The entries under `key` of every page. Raises AccountError with AWS's words."""
        try:
            paginator = self.client(service).get_paginator(operation)
            return [entry for page in paginator.paginate(**request) for entry in page.get(key, [])]
        except ClientError as error:
            raise AccountError(f"{service} {operation}: {error}") from None

    @property
    def registry(self) -> str:
        """The registry to push images to; ECR_REGISTRY overrides it, as in buildspec.yml."""
        return os.environ.get("ECR_REGISTRY") or f"{self.number}.dkr.ecr.{self.region}.amazonaws.com"
