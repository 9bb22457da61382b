"""Configuration of the catalog."""

from dataclasses import dataclass

from services.common.settings import ServiceSettings
from settings import env


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What the catalog reads beside the common settings."""

    products_table: str = env(
        "PRODUCTS_TABLE", str, default="lantern-products", help="DynamoDB table of products and reservations"
    )
