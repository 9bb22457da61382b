"""storefront: the shop's web page and public API."""

from flask import Flask

from services.common.health import depends_on
from services.service import new_client, new_service
from services.storefront.routes import routes
from services.storefront.settings import Settings
from settings import load


def create_app(settings: Settings | None = None) -> Flask:
    """The storefront as a Flask app."""
    settings = settings or load(Settings)
    app = new_service("storefront", settings, routes)
    catalog = app.extensions["catalog"] = new_client(app, "catalog", settings.catalog_url)
    orders = app.extensions["orders"] = new_client(app, "orders", settings.orders_url)
    depends_on(app, {"catalog": catalog.is_alive, "orders": orders.is_alive})
    return app
