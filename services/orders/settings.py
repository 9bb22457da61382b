"""Configuration of orders."""

from dataclasses import dataclass

from services.common.settings import ServiceSettings
from settings import env, url


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What orders reads beside the common settings."""

    catalog_url: str = env("CATALOG_URL", url, help="where the catalog answers, e.g. http://catalog:8080")
    orders_table: str = env("ORDERS_TABLE", str, default="lantern-orders", help="DynamoDB table of orders")
