"""orders: takes an order, reserves its stock at the catalog, remembers both."""

from flask import Flask

from services.common.health import depends_on
from services.orders import recovery
from services.orders.catalog_client import Catalog
from services.orders.routes import routes
from services.orders.settings import Settings
from services.orders.table import OrderTable
from services.service import new_client, new_service
from settings import load


def create_app(settings: Settings | None = None) -> Flask:
    """Orders as a Flask app; its clients connect on first use."""
    settings = settings or load(Settings)
    app = new_service("orders", settings, routes)
    table = app.extensions["orders"] = OrderTable(settings.orders_table)
    client = new_client(app, "catalog", settings.catalog_url)
    catalog = app.extensions["catalog"] = Catalog(client)
    app.extensions["on_start"].append(lambda: recovery.start(table, catalog))
    depends_on(app, {"dynamodb": table.answers, "catalog": client.is_alive})
    return app
