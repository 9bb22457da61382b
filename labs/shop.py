"""The shop over HTTP, as its visitors use it."""

import json
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from labs.errors import NotThere

TIMEOUT_S = 10
VISITORS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shop answered, and the trace of the request."""

    status: int
    body: Any
    trace_id: str


class Shop:
    """The storefront at an address; `bearers` are the addresses of every part's faults.

    Its requests are traced whatever the sampling rules say, until `follows_rules`.
    """

    follows_rules = False

    def __init__(self, storefront: str, bearers: tuple[str, ...]) -> None:
        self.address, self._bearers = storefront, bearers

    def ask(self, path: str, method: str = "GET", **options: Any) -> Answer:
        """A request to the storefront, or to a whole address. Raises NotThere."""
        address = path if path.startswith("http") else self.address + path
        decision = {} if self.follows_rules else {"X-Amzn-Trace-Id": "Sampled=1"}
        headers = decision | options.pop("headers", {})
        try:
            response = requests.request(method, address, timeout=TIMEOUT_S, headers=headers, **options)
        except requests.RequestException as error:
            raise NotThere(f"The shop does not answer at {address}: make up starts it ({error})") from None
        fields = dict(
            part.split("=", 1)
            for part in response.headers.get("X-Amzn-Trace-Id", "").split(";")
            if "=" in part
        )
        try:
            body = response.json()
        except json.JSONDecodeError:
            body = response.text
        return Answer(response.status_code, body, fields.get("Root", ""))

    def shelf(self) -> Answer:
        """The list of all products."""
        return self.ask("/api/products")

    def skus(self) -> list[str]:
        """The skus of all products, sorted. Raises NotThere."""
        answer = self.shelf()
        if answer.status != 200:
            raise NotThere(f"The shop has no products to show: it answers {answer.status}")
        return sorted(product["sku"] for product in answer.body["products"])

    def product(self, sku: str) -> Answer:
        """One product."""
        return self.ask(f"/api/products/{sku}")

    def order(self, sku: str, quantity: int = 1) -> Answer:
        """Order so many pieces of a product."""
        body = {"items": [{"sku": sku, "quantity": quantity}]}
        return self.ask("/api/orders", "POST", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    def visits(self, calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
        """Make several requests, a few at a time; the answers are in the order of the calls."""
        with ThreadPoolExecutor(VISITORS) as visitors:
            return list(visitors.map(lambda call: call(), calls))

    def is_up(self) -> bool:
        """Whether the shop answers and is ready."""
        try:
            return self.ask("/readyz").status == 200
        except NotThere:
            return False

    def takes_faults(self) -> bool:
        """Whether it was started with FAULTS=on."""
        answer = self.ask("/faults")
        return answer.status == 200 and answer.body.get("enabled") is not False

    def faults(self) -> set[str]:
        """The names of the faults that are on at a service or at the local AWS."""
        names = set()
        for address in self._bearers:
            state = self.ask(address).body
            if isinstance(state, dict):
                names |= {fault["name"] for fault in state.get("faults", ())}
        return names
