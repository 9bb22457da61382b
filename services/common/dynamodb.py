"""DynamoDB as a service uses it: short timeouts, two jittered retries, and an outage that has a name."""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from services.common import http
from services.common.problems import DependencyDown

CONNECT_TIMEOUT_S = 0.2
READ_TIMEOUT_S = 0.6
DEPENDENCY = "dynamodb"
# Answers that say "not now"; any other ClientError is a matter of the request and goes to the caller.
UNAVAILABLE = {
    "InternalServerError",
    "InternalFailure",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ResourceNotFoundException",  # the table does not exist (yet)
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}


def create_client() -> Any:
    """A DynamoDB client that takes and gives Python's types; safe to share between threads.

    botocore's own retries are off: they would not know the request's deadline.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": 1},
        max_pool_connections=32,
    )
    return boto3.resource("dynamodb", config=config).meta.client


def call(operation: Callable[..., Any], **parameters: Any) -> Any:
    """Call a client's operation within the deadline; retry twice when DynamoDB says "not now".

    Raises DependencyDown when it does not answer, and ClientError for answers about the request itself,
    e.g. ConditionalCheckFailedException. An operation may have been carried out although it raised.
    """
    try:
        return _within_deadline(operation, parameters)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and not is_unavailable(error):
            raise
        raise DependencyDown(DEPENDENCY) from error


def succeeds(operation: Callable[..., Any], **parameters: Any) -> bool:
    """Carry out a conditional write; False when its condition did not hold. Raises as `call` does."""
    try:
        call(operation, **parameters)
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def answers(operation: Callable[..., Any], **parameters: Any) -> bool:
    """Whether a read can be carried out at present; for a service's /readyz."""
    try:
        call(operation, **parameters)
    except (DependencyDown, ClientError):
        return False
    return True


def code_of(error: ClientError) -> str:
    """DynamoDB's own error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_unavailable(error: ClientError) -> bool:
    """Whether the answer is about DynamoDB's state and not about the request."""
    return code_of(error) in UNAVAILABLE or error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500


def _is_worth_a_retry(error: BaseException) -> bool:
    """Whether it is a refused connection or a throttle; a timeout has used up the time."""
    if isinstance(error, ClientError):
        return is_unavailable(error)
    return isinstance(error, BotoCoreError) and "timeout" not in type(error).__name__.lower()


@retry(
    retry=retry_if_exception(_is_worth_a_retry),
    stop=stop_after_attempt(3),
    wait=wait_exponential_jitter(multiplier=0.02, jitter=0.02),
    reraise=True,
)
def _within_deadline(operation: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    http.require_s(CONNECT_TIMEOUT_S + READ_TIMEOUT_S, DEPENDENCY)
    return operation(**parameters)
