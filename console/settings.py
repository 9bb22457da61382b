"""What can be set from outside; AWS's addresses and credentials are boto3's own variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A variable is wrong; the message names each one and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The console's variables; `load` explains them."""

    host: str = "127.0.0.1"
    port: int = 8000
    log_group_prefix: str = "/lantern/"
    namespace: str = "Lantern"
    pipeline: str = "lantern"
    alarm_prefix: str = "lantern-"
    shop: dict[str, str] = field(default_factory=dict)  # service → address of its /faults


def load(environ: Mapping[str, str]) -> Settings:
    """Read HOST, PORT, LOG_GROUP_PREFIX, METRICS_NAMESPACE, PIPELINE, ALARM_PREFIX, SHOP_URLS.

    Raises SettingsError."""
    wrong: list[str] = []
    port, shop = environ.get("PORT") or "8000", {}
    if not port.isdigit() or not 0 < int(port) < 65536:
        wrong.append(f"PORT={port!r}: expected a number from 1 to 65535")
    for entry in environ.get("SHOP_URLS", "").split():
        name, _, url = entry.partition("=")
        if not name or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            wrong.append(f"SHOP_URLS: {entry!r}: expected service=http://host:port, several apart by spaces")
        shop[name] = url.rstrip("/")
    if wrong:
        raise SettingsError("; ".join(wrong))
    return Settings(
        host=environ.get("HOST") or "127.0.0.1",
        port=int(port),
        log_group_prefix=environ.get("LOG_GROUP_PREFIX") or "/lantern/",
        namespace=environ.get("METRICS_NAMESPACE") or "Lantern",
        pipeline=environ.get("PIPELINE") or "lantern",
        alarm_prefix=environ.get("ALARM_PREFIX") or "lantern-",
        shop=shop,
    )
