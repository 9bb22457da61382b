"""What a shopper does. For Locust's own page: locust -f local/traffic/shoppers.py

An expected refusal (a lantern that nobody makes, more than there are) counts as answered, as it should be.
"""

import random
import uuid
from typing import Any

from locust import FastHttpUser, between, task

POPULAR = 3  # how much oftener the first lanterns of the shelf are looked at
LEFT = 3  # who sees fewer than this many buys something else


class Shopper(FastHttpUser):
    """One visitor after another, with a basket and second thoughts."""

    wait_time = between(0.5, 3)
    connection_timeout = network_timeout = 10.0

    def on_start(self) -> None:
        """Come in by the page."""
        self.shelf: list[dict[str, Any]] = []
        self.last_order = ""

    @task(20)
    def look_around(self) -> None:
        """The page, and what it loads."""
        self._ask("GET", "/", "the page")
        self._ask("GET", "/static/shop.css", "its style")

    @task(30)
    def see_the_shelf(self) -> None:
        """What there is, and how much of it."""
        answer = self._ask("GET", "/api/products", "the shelf")
        if answer is not None:
            self.shelf = answer["products"]

    @task(30)
    def see_one_lantern(self) -> None:
        """Closer."""
        if lantern := self._choice():
            self._ask("GET", f"/api/products/{lantern['sku']}", "one lantern")

    @task(14)
    def buy(self) -> None:
        """One to three lanterns that are there; every tenth click comes twice, which must not sell twice."""
        wanted = {
            lantern["sku"] for _ in range(random.choice((1, 1, 2, 3))) if (lantern := self._choice(LEFT))
        }
        if not wanted:
            self.see_the_shelf()
            return
        key = uuid.uuid4().hex
        items = [{"sku": sku, "quantity": random.choice((1, 1, 1, 2))} for sku in sorted(wanted)]
        for _ in range(2 if random.random() < 0.1 else 1):
            # somebody else may have bought the last one meanwhile
            placed = self._ask("POST", "/api/orders", "order", (200, 201, 409), {"items": items}, key)
            self.last_order = (placed or {}).get("order_id", self.last_order)

    @task(4)
    def see_the_order(self) -> None:
        """What was bought."""
        if self.last_order:
            self._ask("GET", f"/api/orders/{self.last_order}", "see the order")

    @task(1)
    def ask_for_what_nobody_makes(self) -> None:
        """A link from elsewhere."""
        self._ask("GET", "/api/products/glow-worm-jar", "no such lantern", (404,))

    @task(1)
    def want_too_many(self) -> None:
        """More than there are."""
        if lantern := self._choice():
            items = [{"sku": lantern["sku"], "quantity": 99}]
            if lantern["stock"] < 99:
                self._ask("POST", "/api/orders", "order too many", (409,), {"items": items}, uuid.uuid4().hex)

    def _choice(self, left: int = 0) -> dict[str, Any] | None:
        there = [lantern for lantern in self.shelf if lantern["stock"] >= left]
        weights = [POPULAR if n < len(there) // 3 else 1 for n in range(len(there))]
        return random.choices(there, weights)[0] if there else None

    def _ask(
        self,
        method: str,
        path: str,
        name: str,
        expected: tuple[int, ...] = (200,),
        body: Any = None,
        key: str = "",
    ) -> Any:
        """One request; a failure says status, title and trace. Returns the answer's JSON, if any."""
        getattr(self.environment, "pace", _at_once)()
        headers = {"Idempotency-Key": key} if key else {}
        with self.client.request(
            method, path, name=name, json=body, headers=headers, catch_response=True
        ) as answer:
            if answer.status_code not in expected:
                answer.failure(_why(answer))
                return None
            answer.success()
            is_json = "json" in (answer.headers or {}).get("Content-Type", "")
            return answer.json() if is_json and answer.status_code < 400 else None


class Buyer(Shopper):
    """In a hurry: mostly orders, one lantern each, of those that were there a moment ago."""

    def buy_one(self) -> None:
        """One lantern; the last one may be gone meanwhile."""
        if not self.shelf:
            self.see_the_shelf()
        if lantern := self._choice():
            items = [{"sku": lantern["sku"], "quantity": 1}]
            self._ask("POST", "/api/orders", "order", (201, 409), {"items": items}, uuid.uuid4().hex)


# in place of what the class inherits
Buyer.tasks = {Buyer.buy_one: 6, Shopper.see_the_shelf: 3, Shopper.see_one_lantern: 1}


def _at_once() -> None:
    """On Locust's own page the shoppers' own pauses are the pace."""


def _why(answer: Any) -> str:
    try:
        title = answer.json().get("title", "")
    except (ValueError, AttributeError, TypeError):
        title = ""
    trace = (answer.headers or {}).get("X-Amzn-Trace-Id", "") if answer.status_code else ""
    return " ".join(
        part for part in (str(answer.status_code or answer.error), title, trace.partition(";")[0]) if part
    )
