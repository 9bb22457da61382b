"""What is repeated, what is an outage and what is the caller's matter, on operations that fail as told."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from services.common import dynamodb, http
from services.common.problems import DependencyDown

REFUSED = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
READ_TIMEOUT = ReadTimeoutError(endpoint_url="http://127.0.0.1:9")
CONNECT_TIMEOUT = ConnectTimeoutError(endpoint_url="http://127.0.0.1:9")


def answer(code, status=400):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")


class Operation:
    """Raises its errors one after the other, then answers."""

    def __init__(self, *errors):
        self.errors, self.calls = list(errors), 0

    def __call__(self, **parameters):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return parameters


@pytest.fixture(autouse=True)
def _deadline():
    http.start_deadline(60_000)


@pytest.mark.parametrize(
    "error",
    [REFUSED, answer("ThrottlingException"), answer("ResourceNotFoundException"), answer("Odd", status=500)],
    ids=str,
)
def test_a_passing_error_is_repeated_twice(error):
    operation = Operation(error, error)

    assert dynamodb.call(operation, TableName="orders") == {"TableName": "orders"}
    assert operation.calls == 3


@pytest.mark.parametrize(
    "error", [REFUSED, answer("ThrottlingException"), answer("Odd", status=503)], ids=str
)
def test_an_error_that_does_not_pass_is_an_outage(error):
    operation = Operation(error, error, error)

    with pytest.raises(DependencyDown, match="dynamodb does not answer"):
        dynamodb.call(operation)
    assert operation.calls == 3


@pytest.mark.parametrize("error", [READ_TIMEOUT, CONNECT_TIMEOUT], ids=str)
def test_a_timeout_has_used_up_the_time_and_is_not_repeated(error):
    operation = Operation(error)

    with pytest.raises(DependencyDown):
        dynamodb.call(operation)
    assert operation.calls == 1


def test_an_answer_about_the_request_goes_to_the_caller_at_once():
    operation = Operation(answer("ValidationException"))

    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.call(operation)
    assert operation.calls == 1


def test_a_call_that_cannot_end_within_the_deadline_is_not_begun():
    http.start_deadline(500)
    operation = Operation()

    with pytest.raises(DependencyDown, match="not enough time left to ask dynamodb"):
        dynamodb.call(operation)
    assert operation.calls == 0


def test_a_write_whose_condition_does_not_hold_is_no_error():
    assert dynamodb.succeeds(Operation())
    assert not dynamodb.succeeds(Operation(answer("ConditionalCheckFailedException")))
    with pytest.raises(ClientError):
        dynamodb.succeeds(Operation(answer("AccessDeniedException")))


@pytest.mark.parametrize("error", [READ_TIMEOUT, answer("AccessDeniedException")], ids=str)
def test_readiness_asks_and_never_raises(error):
    assert dynamodb.answers(Operation())
    assert not dynamodb.answers(Operation(error))
