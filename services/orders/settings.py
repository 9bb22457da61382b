"""What orders reads from its environment."""

from dataclasses import dataclass

from services.common.settings import ServiceSettings, http_url
from settings import env


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The common settings and orders' own."""

    catalog_url: str = env(
        "CATALOG_URL", http_url, help="where the catalog answers, e.g. http://catalog:8080"
    )
    orders_table: str = env("ORDERS_TABLE", str, default="lantern-orders", help="DynamoDB table of orders")
