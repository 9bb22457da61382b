"""Configuration of the storefront."""

from dataclasses import dataclass

from services.common.settings import ServiceSettings
from settings import env, url


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What the storefront reads beside the common settings."""

    catalog_url: str = env("CATALOG_URL", url, help="where the catalog answers, e.g. http://catalog:8080")
    orders_url: str = env("ORDERS_URL", url, help="where orders answers, e.g. http://orders:8080")
    trace_url: str = env(
        "TRACE_URL", str, default="", help="address of a trace's page, with {trace_id} in it; empty: no link"
    )
