"""The DynamoDB table of products and reservations.

A reservation is an item of the same table, so that one transaction can take stock and remember for whom.
Products carry the attribute `shelf`, by which the index `by-shelf` lists them without reading reservations.
"""

import time
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from services.common import dynamodb
from services.schemas import Product, Reservation

SHELF = "lanterns"
KEEP_RESERVATION_S = 7 * 24 * 3600  # DynamoDB deletes it after that; an order is settled within seconds
FIELDS = tuple(Product.model_fields)


class State(StrEnum):
    """The state of an order's reservation. Released is final."""

    ABSENT = "absent"  # nothing is stored
    HELD = "held"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Hold:
    """An order's reservation, as the table remembers it."""

    state: State
    reservation: Reservation

    @property
    def quantities(self) -> dict[str, int]:
        """How many pieces of each sku it holds or held."""
        return {line.sku: line.quantity for line in self.reservation.items}


class Raced(Exception):
    """A write changed nothing, because another request was quicker; whoever gets this reads again.

    `skus` are the products whose own condition did not hold.
    """

    def __init__(self, skus: Set[str] = frozenset()) -> None:
        super().__init__()
        self.skus = skus


class ProductTable:
    """Reads and conditional writes; the rules are in reservations.py."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client = dynamodb.create_client()

    def products(self) -> list[Product]:
        """All products, sorted by sku. The index lags behind the table by milliseconds."""
        items: list[dict[str, Any]] = []
        query = {
            "TableName": self.name,
            "IndexName": "by-shelf",
            "KeyConditionExpression": "shelf = :shelf",
            "ExpressionAttributeValues": {":shelf": SHELF},
        }
        while True:
            page = dynamodb.call(self._client.query, **query)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return [_product(item) for item in items]
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def product(self, sku: str) -> Product | None:
        """The product of this sku, or None."""
        item = dynamodb.call(self._client.get_item, TableName=self.name, Key={"sku": sku}).get("Item")
        return _product(item) if item and "shelf" in item else None

    def read(self, skus: list[str], order_id: str) -> tuple[dict[str, Product], Hold]:
        """Those of the products that exist, by sku, and the order's reservation; strongly consistent."""
        keys = [{"sku": sku} for sku in [*skus, _key(order_id)]]
        request = {self.name: {"Keys": keys, "ConsistentRead": True}}
        items: dict[str, dict[str, Any]] = {}
        while request:
            page = dynamodb.call(self._client.batch_get_item, RequestItems=request)
            items |= {item["sku"]: item for item in page["Responses"].get(self.name, [])}
            request = page.get("UnprocessedKeys") or {}
        hold = _hold(order_id, items.pop(_key(order_id), {"state": State.ABSENT, "items": []}))
        return {sku: _product(item) for sku, item in items.items() if "shelf" in item}, hold

    def reserve(self, reservation: Reservation) -> None:
        """Take stock and store the reservation in one transaction. Raises Raced."""
        put = {
            "TableName": self.name,
            "Item": {
                **reservation.model_dump(exclude={"order_id"}),
                "sku": _key(reservation.order_id),
                "state": State.HELD,
                "expires_at": _expiry(),
            },
            "ConditionExpression": "attribute_not_exists(sku)",
        }
        moves = {
            line.sku: self._move(line.sku, -line.quantity, "stock >= :needed") for line in reservation.items
        }
        self._transact({"Put": put}, moves)

    def give_back(self, hold: Hold, withdrawn: Set[str]) -> None:
        """Return stock and mark the reservation released in one transaction; `withdrawn` skus get none.

        Raises Raced; its `skus` are products that are not sold any more.
        """
        mark = {
            "TableName": self.name,
            "Key": {"sku": _key(hold.reservation.order_id)},
            "UpdateExpression": "SET #state = :released",
            "ConditionExpression": "#state = :held",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":released": State.RELEASED, ":held": State.HELD},
        }
        moves = {
            sku: self._move(sku, quantity, "attribute_exists(sku)")
            for sku, quantity in hold.quantities.items()
            if sku not in withdrawn
        }
        self._transact({"Update": mark}, moves)

    def forbid(self, order_id: str) -> None:
        """Store a released reservation, so that a late request for it is refused. Raises Raced."""
        item = {"sku": _key(order_id), "state": State.RELEASED, "items": [], "expires_at": _expiry()}
        if not self._put_if_absent(item):
            raise Raced

    def add_product(self, product: Product) -> bool:
        """Put a product on the shelf unless there is one of its sku; returns whether it was added."""
        return self._put_if_absent({**product.model_dump(), "shelf": SHELF})

    def fill_up(self, product: Product) -> bool:
        """Raise a product's stock to the stock of `product`; returns whether it was below."""
        return dynamodb.succeeds(
            self._client.update_item,
            TableName=self.name,
            Key={"sku": product.sku},
            UpdateExpression="SET stock = :full",
            ConditionExpression="stock < :full",
            ExpressionAttributeValues={":full": product.stock},
        )

    def answers(self) -> bool:
        """Whether the table can be read at present."""
        return dynamodb.answers(self._client.get_item, TableName=self.name, Key={"sku": "readiness"})

    def _put_if_absent(self, item: dict[str, Any]) -> bool:
        is_absent = "attribute_not_exists(sku)"
        return dynamodb.succeeds(
            self._client.put_item, TableName=self.name, Item=item, ConditionExpression=is_absent
        )

    def _move(self, sku: str, change: int, condition: str) -> dict[str, Any]:
        values = {":change": change, **({":needed": -change} if ":needed" in condition else {})}
        return {
            "Update": {
                "TableName": self.name,
                "Key": {"sku": sku},
                "UpdateExpression": "SET stock = stock + :change",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }

    def _transact(self, write: dict[str, Any], moves: dict[str, dict[str, Any]]) -> None:
        """Write the reservation and move the stock of each sku, or nothing at all. Raises Raced."""
        try:
            dynamodb.call(self._client.transact_write_items, TransactItems=[write, *moves.values()])
        except ClientError as error:
            if dynamodb.code_of(error) != "TransactionCanceledException":
                raise
            codes = [reason.get("Code") for reason in error.response["CancellationReasons"][1:]]
            moved = zip(moves, codes, strict=True)
            raise Raced({sku for sku, code in moved if code == "ConditionalCheckFailed"}) from error


def _key(order_id: str) -> str:
    return f"reservation#{order_id}"


def _expiry() -> int:
    return int(time.time()) + KEEP_RESERVATION_S


def _product(item: dict[str, Any]) -> Product:
    return Product.model_validate({field: item[field] for field in FIELDS})


def _hold(order_id: str, item: dict[str, Any]) -> Hold:
    reservation = Reservation.model_validate({"total": 0, "currency": "", **item, "order_id": order_id})
    return Hold(State(item["state"]), reservation)
