"""The shoppers, as Locust's users. For Locust's own page: locust -f local/traffic/shoppers.py

Shoppers also make requests that must be refused: an unknown product, or none of a product. Such a refusal
counts as a success. They order what is there: a refusal for want of stock would look like a fault on the map.
"""

import random
import uuid
from typing import Any

from locust import FastHttpUser, between, events, task

from local.traffic.shelf import Shelf
from origins import foreign_sender, is_own_host


class Shopper(FastHttpUser):
    """A visitor who looks at pages and products and sometimes orders."""

    wait_time = between(0.5, 3)
    connection_timeout = network_timeout = 10.0
    shelf = Shelf()  # of all shoppers

    def on_start(self) -> None:
        """Begin with no order."""
        self.last_order = ""

    @task(20)
    def look_around(self) -> None:
        """Load the page and its stylesheet."""
        self._ask("GET", "/", "the page")
        self._ask("GET", "/static/shop.css", "its style")

    @task(30)
    def see_the_shelf(self) -> None:
        """List the products, and remember them for all shoppers."""
        ended = self.shelf.before_list()
        answer = self._ask("GET", "/api/products", "the shelf")
        if answer is not None:
            self.shelf.put(answer["products"], ended)

    @task(30)
    def see_one_lantern(self) -> None:
        """Look at a product."""
        if lantern := self.shelf.choose():
            self._ask("GET", f"/api/products/{lantern['sku']}", "one lantern")

    @task(14)
    def buy(self) -> None:
        """Order up to three products; every tenth order is sent twice, which must not sell twice."""
        wishes = [random.choice((1, 1, 1, 2)) for _ in range(random.choice((1, 1, 2, 3)))]
        basket = {lantern["sku"]: quantity for quantity in wishes if (lantern := self.shelf.choose(quantity))}
        self._order(basket, times=2 if random.random() < 0.1 else 1)

    @task(4)
    def see_the_order(self) -> None:
        """Look at the last order."""
        if self.last_order:
            self._ask("GET", f"/api/orders/{self.last_order}", "see the order")

    @task(1)
    def ask_for_what_nobody_makes(self) -> None:
        """Ask for a product that does not exist."""
        self._ask("GET", "/api/products/glow-worm-jar", "no such lantern", (404,))

    @task(1)
    def order_none(self) -> None:
        """Order no piece of a product, which is no order."""
        if lantern := self.shelf.choose():
            items = [{"sku": lantern["sku"], "quantity": 0}]
            self._ask("POST", "/api/orders", "order none", (400,), {"items": items}, uuid.uuid4().hex)

    def _order(self, basket: dict[str, int], times: int = 1) -> None:
        """Send an order so many times with the same key; look at the shelf when there is nothing to buy."""
        if not basket:
            self.see_the_shelf()
            return
        items = [{"sku": sku, "quantity": basket[sku]} for sku in sorted(basket)]
        key = uuid.uuid4().hex
        self.shelf.take(basket)
        for _ in range(times):
            # 409: somebody else than these shoppers may have bought the last piece
            placed = self._ask("POST", "/api/orders", "order", (200, 201, 409), {"items": items}, key)
            self.last_order = (placed or {}).get("order_id", self.last_order)
        self.shelf.end(basket)

    def _ask(
        self,
        method: str,
        path: str,
        name: str,
        expected: tuple[int, ...] = (200,),
        body: Any = None,
        key: str = "",
    ) -> Any:
        """Send a request, count it, and return the JSON of an expected answer, None of any other."""
        getattr(self.environment, "pace", _at_once)()
        headers = {"Idempotency-Key": key} if key else {}
        with self.client.request(
            method, path, name=name, json=body, headers=headers, catch_response=True
        ) as answer:
            if answer.status_code not in expected:
                answer.failure(_reason(answer))
                return None
            answer.success()
            is_json = "json" in (answer.headers or {}).get("Content-Type", "")
            return answer.json() if is_json and answer.status_code < 400 else None


class Buyer(Shopper):
    """A shopper who mostly orders, one product each time."""

    def buy_one(self) -> None:
        """Order one piece of a product."""
        lantern = self.shelf.choose(1)
        self._order({lantern["sku"]: 1} if lantern else {})


# instead of the inherited tasks
Buyer.tasks = {Buyer.buy_one: 6, Shopper.see_the_shelf: 3, Shopper.see_one_lantern: 1}


def _at_once() -> None:
    """Do not wait: from Locust's own page the shoppers' `wait_time` is the pace."""


def _reason(answer: Any) -> str:
    try:
        title = answer.json().get("title", "")
    except (ValueError, AttributeError, TypeError):
        title = ""
    trace = (answer.headers or {}).get("X-Amzn-Trace-Id", "") if answer.status_code else ""
    return " ".join(
        part for part in (str(answer.status_code or answer.error), title, trace.partition(";")[0]) if part
    )


@events.init.add_listener
def _guard_the_page(environment: Any, **_: Any) -> None:
    """Locust's page starts and stops shoppers, and Locust itself lets any page ask for it."""
    if environment.web_ui:
        environment.web_ui.app.before_request(_refuse_foreign_pages)


def _refuse_foreign_pages() -> tuple[str, int] | None:
    from flask import request  # Locust's; the environment without its page has none

    sender = foreign_sender(request.method, request.headers, is_page=request.path == "/")
    if not is_own_host(request.host):
        sender = f"Host: {request.host}"
    return (f"Not for web pages of another origin: {sender}", 403) if sender else None
