"""What the shoppers of one run know of the stock, so that none orders what another one has just taken."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

POPULAR = 3  # the first third of the products is chosen so many times as often


class Shelf:
    """The newest list of products, less what was ordered and may not be in it yet.

    An order counts from its start. A list shows those orders that had ended before it was asked for.
    """

    def __init__(self) -> None:
        self._products: list[dict[str, Any]] = []
        self._begun, self._ended = Counter[str](), Counter[str]()
        self._in_list = Counter[str]()  # the pieces of orders that the list surely shows

    def before_list(self) -> Counter[str]:
        """What has been ordered to the end by now; to be passed on with the list that is asked for next."""
        return Counter(self._ended)

    def put(self, products: list[dict[str, Any]], ended: Counter[str]) -> None:
        """Take a list of products, unless a newer one came first."""
        if ended.total() >= self._in_list.total():
            self._products, self._in_list = products, ended

    def choose(self, quantity: int = 0) -> dict[str, Any] | None:
        """A product of which `quantity` pieces are surely there, popular ones more often; or None."""
        products = [product for product in self._products if not quantity or self._left(product) >= quantity]
        weights = [POPULAR if n < len(products) // 3 else 1 for n in range(len(products))]
        return random.choices(products, weights)[0] if products else None

    def take(self, quantities: Mapping[str, int]) -> None:
        """Count an order that begins."""
        self._begun.update(quantities)

    def end(self, quantities: Mapping[str, int]) -> None:
        """Count an order that has been answered, however."""
        self._ended.update(quantities)

    def _left(self, product: dict[str, Any]) -> int:
        sku = product["sku"]
        return int(product["stock"]) - (self._begun[sku] - self._in_list[sku])
