"""The shop's page and its public API, which asks catalog and orders."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, make_response, render_template

from services import tracing
from services.common import faults
from services.common.http import ServiceClient
from services.common.openapi import answers, describe
from services.common.problems import DependencyDown
from services.schemas import Basket, IdempotencyKey, Order, Product, ProductList

routes = Blueprint("storefront", __name__)
CONTENT_SECURITY_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


@routes.get("/")
def shop() -> Response:
    """The shop's page; it is shown even when a dependency is down, and names it."""
    settings = current_app.extensions["settings"]
    # asked first, for a probe is short; the catalog may use the time that is left
    missing = [] if _client("orders").is_alive() else ["orders"]
    try:
        products = [product.model_dump() for product in _products().products]
    except DependencyDown:
        products, missing = None, ["catalog", *missing]
    page = make_response(
        render_template(
            "shop.html",
            products=products,
            missing=missing,
            service=current_app.name,
            version=settings.version,
            commit=settings.commit,
            trace_url=settings.trace_url,
            faults_on=faults.are_on(),
        )
    )
    page.headers |= {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return page


@routes.get("/api/products")
@describe(resp=answers(HTTP_200=ProductList, problems=(503,)))
def list_products() -> ProductList:
    """All lanterns with price and stock."""
    return _products()


@routes.get("/api/products/<sku>")
@describe(resp=answers(HTTP_200=Product, problems=(404, 503)))
def show_product(sku: str) -> Product:
    """The lantern with this sku."""
    tracing.annotate("sku", sku)
    return Product.model_validate(_get("catalog", f"/products/{_quoted(sku)}"))


@routes.post("/api/orders")
@describe(
    json=Basket,
    headers=IdempotencyKey,
    resp=answers(HTTP_200=Order, HTTP_201=Order, problems=(400, 409, 413, 415, 422, 503)),
)
def place_order(json: Basket, headers: IdempotencyKey) -> tuple[Order, int]:
    """Place an order: 201 the first time, 200 with the same body when the key comes again."""
    tracing.annotate("sku", json.items[0].sku)
    key = {"Idempotency-Key": headers.key}
    # idempotent by its key, so it may be sent once more when the connection breaks
    answer = _client("orders").call("POST", "/orders", idempotent=True, json=json.model_dump(), headers=key)
    order = Order.model_validate(answer.json())
    tracing.annotate("order_id", order.order_id)
    return order, answer.status_code


@routes.get("/api/orders/<order_id>")
@describe(resp=answers(HTTP_200=Order, problems=(404, 503)))
def show_order(order_id: str) -> Order:
    """The order with this id."""
    tracing.annotate("order_id", order_id)
    return Order.model_validate(_get("orders", f"/orders/{_quoted(order_id)}"))


def _client(name: str) -> ServiceClient:
    client: ServiceClient = current_app.extensions[name]
    return client


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _get(service: str, path: str) -> Any:
    """The body that another service answers with; its refusals go on to our caller. Raises DependencyDown."""
    return _client(service).call("GET", path, idempotent=True).json()


def _products() -> ProductList:
    return ProductList.model_validate(_get("catalog", "/products"))
