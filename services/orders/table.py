"""The DynamoDB table of orders: one item an order, found by state and time through the index `by-state`.

The item is written before stock is reserved, so that whoever comes after a crash knows what to give back.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.common import dynamodb
from services.schemas import Order, Reservation

KEEP_CANCELLED_S = 24 * 3600


class State(StrEnum):
    """The state of an attempt to place an order."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLING = "cancelling"  # its stock is being given back
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The present attempt to place an order, as the table remembers it; it has its order once confirmed."""

    order_id: str
    fingerprint: str
    state: State
    number: int
    order: Order | None = None

    @property
    def reservation_id(self) -> str:
        """The order's id; a later attempt needs another one, for a released reservation stays released."""
        return self.order_id if self.number == 1 else f"{self.order_id}.{self.number}"


class OrderTable:
    """Reads and conditional writes; the rules are in placing.py and recovery.py."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client = dynamodb.create_client()

    def begin(self, order_id: str, fingerprint: str) -> bool:
        """Remember that an attempt begins; False when this order is known already."""
        item = {
            "order_id": order_id,
            "fingerprint": fingerprint,
            "state": State.PENDING,
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
        """The present attempt of an order, or None; strongly consistent."""
        key = {"order_id": order_id}
        answer = dynamodb.call(self._client.get_item, TableName=self.name, Key=key, ConsistentRead=True)
        return _attempt(answer["Item"]) if "Item" in answer else None

    def confirm(self, attempt: Attempt, reservation: Reservation) -> Order | None:
        """Turn a pending attempt into an order; None when it is not pending any more."""
        placed_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        facts = {**reservation.model_dump(exclude={"order_id"}), "placed_at": placed_at}
        order = Order(order_id=attempt.order_id, status=State.CONFIRMED, **facts)
        return order if self._move(attempt, State.PENDING, State.CONFIRMED, facts) else None

    def touch(self, attempt: Attempt) -> bool:
        """Renew a pending attempt, so that the recovery leaves it alone; False when it is not pending."""
        return self._move(attempt, State.PENDING, State.PENDING, {})

    def try_again(self, attempt: Attempt, from_state: State) -> bool:
        """Begin the order's next attempt; False when this one is not in `from_state` any more."""
        return self._move(attempt, from_state, State.PENDING, {"attempt": attempt.number + 1})

    def start_cancelling(self, attempt: Attempt, touched_at: Decimal) -> bool:
        """Claim an abandoned attempt for giving its stock back; False when a request has renewed it since."""
        return self._move(attempt, State.PENDING, State.CANCELLING, {}, touched_at)

    def finish_cancelling(self, attempt: Attempt) -> bool:
        """Mark an attempt cancelled, its stock being back; DynamoDB deletes the item a day later."""
        facts = {"expires_at": int(time.time()) + KEEP_CANCELLED_S}
        return self._move(attempt, State.CANCELLING, State.CANCELLED, facts)

    def forget(self, attempt: Attempt) -> None:
        """Remove an attempt that the catalog refused, unless it has changed since."""
        dynamodb.succeeds(
            self._client.delete_item,
            TableName=self.name,
            Key={"order_id": attempt.order_id},
            ConditionExpression="#state = :pending AND attempt = :attempt",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":pending": State.PENDING, ":attempt": attempt.number},
        )

    def confirmed(self, order_id: str) -> Order | None:
        """The confirmed order of this id, or None."""
        attempt = self.read(order_id)
        return attempt.order if attempt else None

    def latest(self, limit: int) -> list[Order]:
        """The newest confirmed orders, at most `limit`."""
        items = self._by_state(State.CONFIRMED, Limit=limit, ScanIndexForward=False)
        return [_order(item) for item in items]

    def abandoned(self, older_than_s: float) -> list[tuple[Attempt, Decimal]]:
        """Attempts that nobody has renewed for so long, each with the time of that.

        A time that lies as far ahead is from before the clock was set back.
        """
        items = self._by_state(State.PENDING) + self._by_state(State.CANCELLING)
        now, age = _now(), Decimal(str(older_than_s))
        return [(_attempt(item), item["touched_at"]) for item in items if abs(now - item["touched_at"]) > age]

    def answers(self) -> bool:
        """Whether the table can be read at present."""
        return dynamodb.answers(self._client.get_item, TableName=self.name, Key={"order_id": "readiness"})

    def _by_state(self, state: State, **options: Any) -> list[dict[str, Any]]:
        page = dynamodb.call(
            self._client.query,
            TableName=self.name,
            IndexName="by-state",
            KeyConditionExpression="#state = :state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":state": state},
            **options,
        )
        items: list[dict[str, Any]] = page["Items"]
        return items

    def _move(
        self,
        attempt: Attempt,
        from_state: State,
        to_state: State,
        facts: dict[str, Any],
        touched_at: Decimal | None = None,
    ) -> bool:
        """Change an order's state if the same attempt is still in `from_state`; False when it is not.

        With `touched_at`, only if nobody has changed it since that time of its last change.
        """
        fields = {"state": to_state, "touched_at": _now(), **facts}
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in fields)
        if "expires_at" not in fields:
            update += " REMOVE expires_at"
        condition = "#state = :from AND #attempt = :number"
        values = {f":{name}": value for name, value in fields.items()}
        values |= {":from": from_state, ":number": attempt.number}
        if touched_at is not None:
            condition, values = f"{condition} AND #touched_at = :seen", values | {":seen": touched_at}
        return dynamodb.succeeds(
            self._client.update_item,
            TableName=self.name,
            Key={"order_id": attempt.order_id},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in (*fields, "attempt")},
            ExpressionAttributeValues=values,
        )


def _now() -> Decimal:
    return Decimal(f"{time.time():.6f}")


def _attempt(item: dict[str, Any]) -> Attempt:
    state = State(item["state"])
    order = _order(item) if state is State.CONFIRMED else None
    return Attempt(item["order_id"], item["fingerprint"], state, int(item["attempt"]), order)


def _order(item: dict[str, Any]) -> Order:
    return Order.model_validate({**item, "status": item["state"]})
