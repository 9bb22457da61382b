"""The catalog's routes."""

from flask import Blueprint, current_app

from services import tracing
from services.catalog.reservations import release, reserve
from services.catalog.table import ProductTable
from services.common.openapi import answers, describe
from services.common.problems import NotFound
from services.schemas import Basket, Product, ProductList, Reservation, is_sku

routes = Blueprint("catalog", __name__)


def _table() -> ProductTable:
    table: ProductTable = current_app.extensions["products"]
    return table


@routes.get("/products")
@describe(resp=answers(HTTP_200=ProductList, problems=(503,)))
def list_products() -> ProductList:
    """All lanterns with price and stock."""
    return ProductList(products=_table().products())


@routes.get("/products/<sku>")
@describe(resp=answers(HTTP_200=Product, problems=(404, 503)))
def show_product(sku: str) -> Product:
    """The lantern with this sku."""
    tracing.annotate("sku", sku)
    product = _table().product(sku) if is_sku(sku) else None
    if product is None:
        raise NotFound(f"sku: there is no lantern {sku!r}; GET /products lists them")
    return product


@routes.put("/reservations/<order_id>")
@describe(
    json=Basket,
    resp=answers(HTTP_200=Reservation, HTTP_201=Reservation, problems=(400, 409, 413, 415, 422, 503)),
)
def put_reservation(order_id: str, json: Basket) -> tuple[Reservation, int]:
    """Hold stock for an order; repeating it changes nothing."""
    tracing.annotate("order_id", order_id)
    tracing.annotate("sku", json.items[0].sku)
    reservation, is_new = reserve(_table(), order_id, json.items)
    return reservation, 201 if is_new else 200


@routes.delete("/reservations/<order_id>")
@describe(resp=answers(204, problems=(400, 503)))
def delete_reservation(order_id: str) -> tuple[str, int]:
    """Give an order's stock back, once; afterwards this reservation can't be made any more."""
    tracing.annotate("order_id", order_id)
    release(_table(), order_id)
    return "", 204
