"""The DynamoDB table of products and reservations.

A reservation is an item of the same table, so that one transaction can take stock and remember for whom.
Products carry the attribute `shelf`, by which the index `by-shelf` lists them without reading reservations.
"""

import time
from typing import Any

from botocore.exceptions import ClientError

from services.common import dynamodb
from services.common.problems import DependencyDown
from services.schemas import Product

SHELF = "lanterns"
KEEP_RESERVATION_S = 7 * 24 * 3600  # DynamoDB deletes it after that; an order is settled within seconds
FIELDS = tuple(Product.model_fields)


class ProductTable:
    """Reads and conditional writes; the rules are in reservations.py."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client = dynamodb.create_client()

    def products(self) -> list[Product]:
        """All products, sorted by sku. The index lags behind the table by milliseconds."""
        pages: list[dict[str, Any]] = []
        query = {
            "TableName": self.name,
            "IndexName": "by-shelf",
            "KeyConditionExpression": "shelf = :shelf",
            "ExpressionAttributeValues": {":shelf": SHELF},
        }
        while True:
            page = dynamodb.call(self._client.query, **query)
            pages += page["Items"]
            if "LastEvaluatedKey" not in page:
                return [_product(item) for item in pages]
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def product(self, sku: str) -> Product | None:
        """One product, or None."""
        item = dynamodb.call(self._client.get_item, TableName=self.name, Key={"sku": sku}).get("Item")
        return _product(item) if item and "shelf" in item else None

    def read(self, skus: list[str], order_id: str) -> tuple[dict[str, Product], dict[str, Any] | None]:
        """The named products that exist, and the order's reservation if there is one; strongly consistent."""
        keys = [{"sku": sku} for sku in [*skus, _key(order_id)]]
        request = {self.name: {"Keys": keys, "ConsistentRead": True}}
        items: list[dict[str, Any]] = []
        while request:
            page = dynamodb.call(self._client.batch_get_item, RequestItems=request)
            items += page["Responses"].get(self.name, [])
            request = page.get("UnprocessedKeys") or {}
        reservation = next((item for item in items if item["sku"] == _key(order_id)), None)
        return {item["sku"]: _product(item) for item in items if "shelf" in item}, reservation

    def reserve(self, order_id: str, reservation: dict[str, Any], quantities: dict[str, int]) -> bool:
        """Take stock and store the reservation in one transaction.

        False: nothing was changed; stock is short, there is a reservation, or others are changing both.
        """
        put = {
            "TableName": self.name,
            "Item": {**reservation, "sku": _key(order_id), "state": "held", "expires_at": _expiry()},
            "ConditionExpression": "attribute_not_exists(sku)",
        }
        takes = [self._move(sku, -quantity, "stock >= :needed") for sku, quantity in quantities.items()]
        return self._transact([{"Put": put}, *takes]) is None

    def give_back(self, order_id: str, quantities: dict[str, int]) -> tuple[bool, set[str]]:
        """Return stock and mark the reservation released in one transaction.

        Returns whether it was done and, when not, which skus are in the way: they are not sold any more.
        """
        mark = {
            "TableName": self.name,
            "Key": {"sku": _key(order_id)},
            "UpdateExpression": "SET #state = :released",
            "ConditionExpression": "#state = :held",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":released": "released", ":held": "held"},
        }
        returns = [self._move(sku, quantity, "attribute_exists(sku)") for sku, quantity in quantities.items()]
        refused = self._transact([{"Update": mark}, *returns])
        if refused is None:
            return True, set()
        return False, {sku for sku, is_gone in zip(quantities, refused[1:], strict=True) if is_gone}

    def forbid(self, order_id: str) -> bool:
        """Store a released reservation so that a late one is refused; False if there is one already."""
        return self._put_if_absent(
            {"sku": _key(order_id), "state": "released", "items": [], "expires_at": _expiry()}
        )

    def add_product(self, product: Product) -> bool:
        """Put a product on the shelf unless it is there; returns whether it was added."""
        return self._put_if_absent({**product.model_dump(), "shelf": SHELF})

    def fill_up(self, product: Product) -> bool:
        """Raise a product's stock to the given one; returns whether it was below."""
        return dynamodb.succeeds(
            self._client.update_item,
            TableName=self.name,
            Key={"sku": product.sku},
            UpdateExpression="SET stock = :full",
            ConditionExpression="stock < :full",
            ExpressionAttributeValues={":full": product.stock},
        )

    def answers(self) -> bool:
        """Whether the table can be read now."""
        try:
            self.product("is-anybody-there")
        except (DependencyDown, ClientError):
            return False
        return True

    def _put_if_absent(self, item: dict[str, Any]) -> bool:
        condition = "attribute_not_exists(sku)"
        return dynamodb.succeeds(
            self._client.put_item, TableName=self.name, Item=item, ConditionExpression=condition
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

    def _transact(self, entries: list[dict[str, Any]]) -> list[bool] | None:
        """None when carried out; else, entry by entry, whether its condition refused it."""
        try:
            dynamodb.call(self._client.transact_write_items, TransactItems=entries)
        except ClientError as error:
            if dynamodb.code_of(error) != "TransactionCanceledException":
                raise
            reasons = error.response["CancellationReasons"]
            return [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
        return None


def _key(order_id: str) -> str:
    return f"reservation#{order_id}"


def _expiry() -> int:
    return int(time.time()) + KEEP_RESERVATION_S


def _product(item: dict[str, Any]) -> Product:
    return Product.model_validate({field: item[field] for field in FIELDS})
