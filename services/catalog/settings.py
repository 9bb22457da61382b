"""What the catalog reads from its environment."""

from dataclasses import dataclass

from services.common.settings import ServiceSettings
from settings import env


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The common settings and the catalog's own."""

    products_table: str = env(
        "PRODUCTS_TABLE", str, default="lantern-products", help="DynamoDB table of products and reservations"
    )
