"""The JSON that the services exchange, and the rules that it keeps. No behaviour, no AWS."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from services.common.openapi import Input, Whole

SKU = r"^[a-z0-9]+(-[a-z0-9]+)*$"
ORDER_ID = r"^[A-Za-z0-9.-]{1,64}$"  # or a later attempt's, e.g. `ord-1f2e.2`
# what stands for {sku} and {order_id} in a path, as the services' /openapi.json describes it
PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "sku": {"pattern": SKU, "maxLength": 64},
    "order_id": {"pattern": ORDER_ID},
}
MAX_LINES = 20
MAX_QUANTITY = 1000  # per line; far over any stock, so that "too many" is 409 and "absurd" is 400


def is_sku(text: str) -> bool:
    """Whether a text has the form of a product's sku, e.g. `brass-storm-lantern`."""
    return len(text) <= 64 and re.fullmatch(SKU, text) is not None


def is_order_id(text: str) -> bool:
    """Whether a text has the form of an order's id, or of a later attempt's, e.g. `ord-1f2e.2`."""
    return re.fullmatch(ORDER_ID, text, re.ASCII) is not None


Sku = Annotated[str, Field(max_length=64, pattern=SKU, examples=["brass-storm-lantern"])]


class Line(Input):
    """A product and its quantity, as the buyer asks for them."""

    sku: Sku
    quantity: Whole = Field(ge=1, le=MAX_QUANTITY)


def _without_duplicates(lines: list[Line]) -> list[Line]:
    skus: set[str] = set()
    for line in lines:
        if line.sku in skus:
            raise ValueError(f"sku {line.sku} comes twice; expected one line a lantern")
        skus.add(line.sku)
    return lines


class Basket(Input):
    """The lines that a buyer wants to order."""

    items: Annotated[
        list[Line], Field(min_length=1, max_length=MAX_LINES), AfterValidator(_without_duplicates)
    ]


class Product(BaseModel):
    """A lantern in the shop. `price` is in the currency's minor unit, e.g. cents."""

    sku: str
    name: str
    description: str
    price: int
    currency: str
    stock: int
    image: str


class ProductList(BaseModel):
    """All lanterns, sorted by sku."""

    products: list[Product]


class PricedLine(BaseModel):
    """A line with the name and price that were valid when its stock was reserved."""

    sku: str
    name: str
    quantity: int
    unit_price: int
    line_total: int


class Reservation(BaseModel):
    """Stock that is held for one order."""

    order_id: str
    items: list[PricedLine]
    total: int
    currency: str


class Order(Reservation):
    """An order; `confirmed` is the state that was acknowledged to the buyer."""

    status: str
    placed_at: str


class OrderList(BaseModel):
    """Confirmed orders, newest first."""

    orders: list[Order]


class IdempotencyKey(BaseModel):
    """The header that makes placing an order safe to repeat."""

    key: str = Field(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="chosen by the caller, one for each basket; a repeated key gives the same order",
    )
