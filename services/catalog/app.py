"""catalog: lanterns, prices, stock and its reservations."""

from flask import Flask

from services.catalog.routes import routes
from services.catalog.settings import Settings
from services.catalog.table import ProductTable
from services.common.health import depends_on
from services.service import new_service
from settings import load


def create_app(settings: Settings | None = None) -> Flask:
    """The catalog as a Flask app; its DynamoDB client connects on first use."""
    settings = settings or load(Settings)
    app = new_service("catalog", settings, routes)
    table = app.extensions["products"] = ProductTable(settings.products_table)
    depends_on(app, {"dynamodb": table.answers})
    return app
