"""The DynamoDB table of orders: one item an order, found by state and time through the index `by-state`.

The item is written before stock is reserved, so that whoever comes after a crash knows what to give back.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from services.common import dynamodb
from services.common.problems import DependencyDown
from services.schemas import Order, Reservation

PENDING, CONFIRMED, CANCELLING, CANCELLED = "pending", "confirmed", "cancelling", "cancelled"
KEEP_CANCELLED_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Attempt:
    """The present try to place an order, as the table remembers it."""

    order_id: str
    fingerprint: str
    state: str
    number: int
    order: Order | None

    @property
    def reservation_id(self) -> str:
        """The order's id; a later try needs another one, for a released reservation stays released."""
        return self.order_id if self.number == 1 else f"{self.order_id}.{self.number}"


class OrderTable:
    """Reads and conditional writes; the rules are in placing.py and recovery.py."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client = dynamodb.create_client()

    def begin(self, order_id: str, fingerprint: str) -> bool:
        """Remember that a try begins; False when this order is known already."""
        item = {
            "order_id": order_id,
            "fingerprint": fingerprint,
            "state": PENDING,
            "attempt": 1,
            "touched_at": _now(),
        }
        return dynamodb.succeeds(
            self._client.put_item,
            TableName=self.name,
            Item=item,
            ConditionExpression="attribute_not_exists(order_id)",
        )

    def read(self, order_id: str) -> Attempt | None:
        """What is known of an order; strongly consistent."""
        item = self._item(order_id)
        if item is None:
            return None
        order = _order(item) if item["state"] == CONFIRMED else None
        return Attempt(order_id, item["fingerprint"], item["state"], int(item["attempt"]), order)

    def confirm(self, attempt: Attempt, reservation: Reservation) -> Order | None:
        """Turn a pending try into an order; None when it is not pending any more."""
        placed_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        facts = {**reservation.model_dump(exclude={"order_id"}), "placed_at": placed_at}
        order = Order(order_id=attempt.order_id, status=CONFIRMED, **facts)
        return order if self._move(attempt, PENDING, CONFIRMED, facts) else None

    def touch(self, attempt: Attempt) -> bool:
        """Take up a pending try again, so that the recovery leaves it alone; False when it is not pending."""
        return self._move(attempt, PENDING, PENDING, {})

    def try_again(self, attempt: Attempt, from_state: str) -> bool:
        """Begin the next try of an order."""
        return self._move(
            attempt, from_state, PENDING, {"attempt": attempt.number + 1}, forget=("expires_at",)
        )

    def start_cancelling(self, attempt: Attempt, touched_before: Decimal) -> bool:
        """Claim an abandoned try for giving its stock back; False when somebody has taken it up."""
        return self._move(attempt, PENDING, CANCELLING, {}, touched_before=touched_before)

    def finish_cancelling(self, attempt: Attempt) -> bool:
        """The stock is back; DynamoDB deletes the item a day later."""
        facts = {"expires_at": int(time.time()) + KEEP_CANCELLED_S}
        return self._move(attempt, CANCELLING, CANCELLED, facts)

    def forget(self, attempt: Attempt) -> None:
        """Remove a try that the catalog refused, unless it has changed since."""
        dynamodb.succeeds(
            self._client.delete_item,
            TableName=self.name,
            Key={"order_id": attempt.order_id},
            ConditionExpression="#state = :pending AND attempt = :attempt",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":pending": PENDING, ":attempt": attempt.number},
        )

    def confirmed(self, order_id: str) -> Order | None:
        """One confirmed order, or None."""
        attempt = self.read(order_id)
        return attempt.order if attempt else None

    def latest(self, limit: int) -> list[Order]:
        """The newest confirmed orders."""
        items = self._by_state(CONFIRMED, Limit=limit, ScanIndexForward=False)
        return [_order(item) for item in items]

    def abandoned(self, older_than_s: float) -> list[tuple[Attempt, Decimal]]:
        """Tries that nobody has touched for so long, and the time before which that must still hold."""
        before = _now() - Decimal(str(older_than_s))
        items = self._by_state(PENDING, before) + self._by_state(CANCELLING, before)
        return [
            (Attempt(i["order_id"], i["fingerprint"], i["state"], int(i["attempt"]), None), before)
            for i in items
        ]

    def answers(self) -> bool:
        """Whether the table can be read now."""
        try:
            self._item("is-anybody-there")
        except (DependencyDown, ClientError):
            return False
        return True

    def _item(self, order_id: str) -> dict[str, Any] | None:
        found = dynamodb.call(
            self._client.get_item, TableName=self.name, Key={"order_id": order_id}, ConsistentRead=True
        )
        item: dict[str, Any] | None = found.get("Item")
        return item

    def _by_state(self, state: str, before: Decimal | None = None, **options: Any) -> list[dict[str, Any]]:
        values = {":state": state, **({":before": before} if before is not None else {})}
        page = dynamodb.call(
            self._client.query,
            TableName=self.name,
            IndexName="by-state",
            KeyConditionExpression="#state = :state"
            + (" AND touched_at < :before" if before is not None else ""),
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=values,
            **options,
        )
        items: list[dict[str, Any]] = page["Items"]
        return items

    def _move(
        self,
        attempt: Attempt,
        from_state: str,
        to_state: str,
        facts: dict[str, Any],
        *,
        touched_before: Decimal | None = None,
        forget: tuple[str, ...] = (),
    ) -> bool:
        """Change an order's state if it is still in `from_state` of the same try."""
        sets = {"state": to_state, "touched_at": _now(), **facts}
        names = {f"#{name}": name for name in (*sets, *forget)} | {"#attempt": "attempt"}
        values = {f":{name}": value for name, value in sets.items()} | {
            ":from": from_state,
            ":try": attempt.number,
        }
        condition = "#state = :from AND #attempt = :try"
        if touched_before is not None:
            condition, values[":before"] = f"{condition} AND #touched_at < :before", touched_before
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
        return dynamodb.succeeds(
            self._client.update_item,
            TableName=self.name,
            Key={"order_id": attempt.order_id},
            UpdateExpression=update
            + (" REMOVE " + ", ".join(f"#{name}" for name in forget) if forget else ""),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )


def _now() -> Decimal:
    return Decimal(f"{time.time():.6f}")


def _order(item: dict[str, Any]) -> Order:
    return Order.model_validate({**item, "status": item["state"]})
