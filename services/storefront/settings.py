"""What the storefront reads from its environment."""

from dataclasses import dataclass

from services.common.settings import ServiceSettings, http_url
from settings import env


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The common settings and the storefront's own."""

    catalog_url: str = env(
        "CATALOG_URL", http_url, help="where the catalog answers, e.g. http://catalog:8080"
    )
    orders_url: str = env("ORDERS_URL", http_url, help="where orders answers, e.g. http://orders:8080")
    trace_url: str = env(
        "TRACE_URL", str, default="", help="address of a trace's page, with {trace_id} in it; empty: no link"
    )
