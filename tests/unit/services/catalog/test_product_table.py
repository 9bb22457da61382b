"""The catalog's requests to DynamoDB, and what their answers mean; the client is a recorder."""

from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

from services.catalog.table import Hold, ProductTable, Raced, State
from services.common import http
from services.schemas import PricedLine, Product, Reservation

ITEM = {
    "sku": "brass",
    "name": "Brass",
    "description": "",
    "price": Decimal(1000),
    "currency": "EUR",
    "stock": Decimal(5),
    "image": "",
    "shelf": "lanterns",
}
LINES = [
    PricedLine(sku=sku, name=sku, quantity=quantity, unit_price=10, line_total=10 * quantity)
    for sku, quantity in (("brass", 2), ("copper", 1))
]
RESERVATION = Reservation(order_id="ord-1", items=LINES, total=30, currency="EUR")
STORED = {
    "sku": "reservation#ord-1",
    "state": "held",
    "items": [line.model_dump() for line in LINES],
    "total": Decimal(30),
    "currency": "EUR",
    "expires_at": Decimal(1),
}


class Client:
    """Answers each operation with the next of its answers, or raises it; remembers what was asked."""

    def __init__(self):
        self.answers, self.requests = [], []

    def __getattr__(self, operation):
        def call(**parameters):
            self.requests.append((operation, parameters))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture(name="table")
def _table(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    table = ProductTable("products")
    table._client = Client()
    http.start_deadline(60_000)
    return table


def cancelled(*codes):
    """DynamoDB's answer to a transaction that it did not carry out, with a code for each of its entries."""
    answer = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": code} for code in codes],
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(answer, "TransactWriteItems")


def test_a_read_tells_products_and_reservation_apart(table):
    table._client.answers = [{"Responses": {"products": [STORED, ITEM]}}]

    products, hold = table.read(["brass", "gold"], "ord-1")

    assert products == {"brass": Product.model_validate(ITEM)}
    assert hold == Hold(State.HELD, RESERVATION)
    assert hold.quantities == {"brass": 2, "copper": 1}


def test_an_order_without_a_reservation_has_an_absent_one(table):
    table._client.answers = [{"Responses": {}}]

    _, hold = table.read([], "ord-1")

    assert (hold.state, hold.quantities, hold.reservation.order_id) == (State.ABSENT, {}, "ord-1")


def test_a_forbidden_reservation_is_a_released_one(table):
    table._client.answers = [{}]
    table.forbid("ord-1")
    (_, written), *_ = table._client.requests
    table._client.answers = [{"Responses": {"products": [written["Item"]]}}]

    assert table.read([], "ord-1")[1].state is State.RELEASED


def test_keys_that_dynamodb_left_out_are_asked_for_again(table):
    left_out = {"products": {"Keys": [{"sku": "brass"}], "ConsistentRead": True}}
    table._client.answers = [
        {"Responses": {"products": [STORED]}, "UnprocessedKeys": left_out},
        {"Responses": {"products": [ITEM]}, "UnprocessedKeys": {}},
    ]

    products, hold = table.read(["brass"], "ord-1")

    assert (list(products), hold.state) == (["brass"], State.HELD)
    assert table._client.requests[1] == ("batch_get_item", {"RequestItems": left_out})


def test_all_pages_of_the_shelf_are_read(table):
    table._client.answers = [
        {"Items": [ITEM], "LastEvaluatedKey": {"sku": "brass"}},
        {"Items": [{**ITEM, "sku": "copper"}]},
    ]

    assert [product.sku for product in table.products()] == ["brass", "copper"]


def test_a_reservation_is_not_a_product(table):
    table._client.answers = [{"Item": STORED}, {}]

    assert table.product("reservation#ord-1") is None
    assert table.product("gold") is None


def test_reserving_takes_each_lines_stock_in_one_transaction_or_nothing(table):
    table._client.answers = [{}]

    table.reserve(RESERVATION)

    ((operation, request),) = table._client.requests
    put, *moves = request["TransactItems"]
    assert operation == "transact_write_items"
    assert put["Put"]["Item"] | {"expires_at": 1} == STORED | {"expires_at": 1}
    assert put["Put"]["ConditionExpression"] == "attribute_not_exists(sku)"
    assert [
        (move["Update"]["Key"]["sku"], move["Update"]["ExpressionAttributeValues"]) for move in moves
    ] == [("brass", {":change": -2, ":needed": 2}), ("copper", {":change": -1, ":needed": 1})]


def test_a_lost_transaction_names_the_products_whose_condition_did_not_hold(table):
    table._client.answers = [cancelled("None", "ConditionalCheckFailed", "None")]

    with pytest.raises(Raced) as race:
        table.reserve(RESERVATION)

    assert race.value.skus == {"brass"}


def test_a_conflict_with_another_transaction_is_a_race_about_no_product(table):
    table._client.answers = [cancelled("None", "TransactionConflict", "None")]

    with pytest.raises(Raced) as race:
        table.reserve(RESERVATION)

    assert race.value.skus == set()


def test_withdrawn_products_get_no_stock_back(table):
    table._client.answers = [{}]

    table.give_back(Hold(State.HELD, RESERVATION), {"brass"})

    ((_, request),) = table._client.requests
    assert [entry["Update"]["Key"]["sku"] for entry in request["TransactItems"]] == [
        "reservation#ord-1",
        "copper",
    ]


def test_another_error_of_dynamodb_is_not_a_race(table):
    answer = {"Error": {"Code": "ValidationException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    table._client.answers = [ClientError(answer, "TransactWriteItems")]

    with pytest.raises(ClientError, match="ValidationException"):
        table.reserve(RESERVATION)
