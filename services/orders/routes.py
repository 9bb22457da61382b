"""The routes of orders."""

from flask import Blueprint, current_app
from pydantic import BaseModel, Field

from services import tracing
from services.common import metrics
from services.common.openapi import answers, describe
from services.common.problems import NotFound
from services.orders.placing import order_id_of, place
from services.orders.table import OrderTable
from services.schemas import Basket, IdempotencyKey, Order, OrderList, is_order_id

routes = Blueprint("orders", __name__)


class Limit(BaseModel):
    """How many orders to list."""

    limit: int = Field(default=20, ge=1, le=100)


def _table() -> OrderTable:
    table: OrderTable = current_app.extensions["orders"]
    return table


@routes.post("/orders")
@describe(
    json=Basket,
    headers=IdempotencyKey,
    resp=answers(HTTP_200=Order, HTTP_201=Order, problems=(400, 409, 413, 415, 422, 503)),
)
def place_order(json: Basket, headers: IdempotencyKey) -> tuple[Order, int]:
    """Place an order: 201 the first time, 200 with the same body when the key comes again."""
    tracing.annotate("order_id", order_id_of(headers.key))
    tracing.annotate("sku", json.items[0].sku)
    order, is_new = place(_table(), current_app.extensions["catalog"], headers.key, json.items)
    if is_new:
        metrics.count("OrdersPlaced")
        metrics.count("LanternsSold", sum(line.quantity for line in order.items))
    return order, 201 if is_new else 200


@routes.get("/orders/<order_id>")
@describe(resp=answers(HTTP_200=Order, problems=(404, 503)))
def show_order(order_id: str) -> Order:
    """The confirmed order with this id."""
    tracing.annotate("order_id", order_id)
    order = _table().confirmed(order_id) if is_order_id(order_id) else None
    if order is None:
        raise NotFound(f"order_id: there is no order {order_id!r}")
    return order


@routes.get("/orders")
@describe(query=Limit, resp=answers(HTTP_200=OrderList, problems=(400, 503)))
def list_orders(query: Limit) -> OrderList:
    """The latest confirmed orders, newest first."""
    return OrderList(orders=_table().latest(query.limit))
