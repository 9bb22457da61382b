"""Orders' requests to DynamoDB: every step holds to the state and the attempt that were read."""

from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

from services.common import http
from services.orders import table as module
from services.orders.table import Attempt, OrderTable, State

ATTEMPT = Attempt("ord-1", "fingerprint", State.PENDING, 2)
REFUSED = ClientError(
    {"Error": {"Code": "ConditionalCheckFailedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
    "UpdateItem",
)


class Client:
    """Remembers what was asked of DynamoDB, and refuses it when told so."""

    def __init__(self):
        self.requests, self.refuses = [], False

    def __getattr__(self, operation):
        def call(**parameters):
            self.requests.append(parameters)
            if self.refuses:
                raise REFUSED
            return {}

        return call


@pytest.fixture(name="table")
def _table(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    table = OrderTable("orders")
    table._client = Client()
    http.start_deadline(60_000)
    return table


STEPS = {
    "touch": (lambda table: table.touch(ATTEMPT), State.PENDING, State.PENDING),
    "try again": (lambda table: table.try_again(ATTEMPT, State.CANCELLED), State.CANCELLED, State.PENDING),
    "start": (lambda table: table.start_cancelling(ATTEMPT, 7), State.PENDING, State.CANCELLING),
    "finish": (lambda table: table.finish_cancelling(ATTEMPT), State.CANCELLING, State.CANCELLED),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_taken_from_the_state_and_the_attempt_that_were_read(table, step):
    take, from_state, to_state = STEPS[step]

    assert take(table)

    (request,) = table._client.requests
    values = request["ExpressionAttributeValues"]
    assert request["Key"] == {"order_id": "ord-1"}
    assert "#state = :from AND #attempt = :number" in request["ConditionExpression"]
    assert (values[":from"], values[":number"], values[":state"]) == (from_state, 2, to_state)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_another_request_forestalled_is_told(table, step):
    table._client.refuses = True

    assert not STEPS[step][0](table)


@pytest.mark.parametrize("step", STEPS)
def test_only_a_cancelled_attempt_expires(table, step):
    STEPS[step][0](table)

    (request,) = table._client.requests
    assert ("REMOVE expires_at" in request["UpdateExpression"]) == (step != "finish")
    assert (":expires_at" in request["ExpressionAttributeValues"]) == (step == "finish")


def test_an_attempt_is_claimed_only_when_nobody_has_renewed_it_since(table):
    table.start_cancelling(ATTEMPT, 7)

    (request,) = table._client.requests
    assert "#touched_at = :seen" in request["ConditionExpression"]
    assert request["ExpressionAttributeValues"][":seen"] == 7


def test_an_attempt_is_abandoned_long_before_the_present_and_after_the_clock_was_set_back(table, monkeypatch):
    monkeypatch.setattr(module.time, "time", lambda: 10_000.0)
    times = {"just now": 9_999, "long ago": 9_996, "before the jump": 13_600, "another host's": 10_001}
    pending = [
        {"order_id": name, "fingerprint": "", "state": "pending", "attempt": 1, "touched_at": Decimal(at)}
        for name, at in times.items()
    ]
    by_state = {State.PENDING: pending, State.CANCELLING: []}
    monkeypatch.setattr(table, "_by_state", by_state.get)

    abandoned = {attempt.order_id: touched_at for attempt, touched_at in table.abandoned(3.0)}

    assert abandoned == {"long ago": 9_996, "before the jump": 13_600}


def test_the_next_attempt_has_the_next_number_and_a_reservation_of_its_own(table):
    table.try_again(ATTEMPT, State.PENDING)

    assert table._client.requests[0]["ExpressionAttributeValues"][":attempt"] == 3
    assert ATTEMPT.reservation_id == "ord-1.2"
    assert Attempt("ord-1", "", State.PENDING, 1).reservation_id == "ord-1"
