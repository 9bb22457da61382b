"""What can be set from outside; AWS's addresses and credentials are boto3's own variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from settings import env, url, whole


def _urls_by_service(text: str) -> Mapping[str, str]:
    """`orders=http://orders:8080 catalog=http://catalog:8080` as a mapping."""
    pairs = [entry.partition("=") for entry in text.split()]
    try:
        if not all(service for service, _, _ in pairs):
            raise ValueError("a service has no name")
        return {service: url(address) for service, _, address in pairs}
    except ValueError as error:
        raise ValueError("expected service=http://host:port, several apart by spaces") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The console's variables."""

    host: str = env("HOST", str, default="127.0.0.1", help="address to listen on")
    port: int = env("PORT", whole(1, 65535), default=8000, help="port to listen on")
    log_group_prefix: str = env(
        "LOG_GROUP_PREFIX", str, default="/lantern/", help="prefix of the services' log groups"
    )
    namespace: str = env(
        "METRICS_NAMESPACE", str, default="Lantern", help="CloudWatch namespace of the services' metrics"
    )
    pipeline: str = env("PIPELINE", str, default="lantern", help="name of the pipeline that is shown")
    alarm_prefix: str = env("ALARM_PREFIX", str, default="lantern-", help="prefix of the alarms' names")
    shop: Mapping[str, str] = env(
        "SHOP_URLS", _urls_by_service, default={}, help="where each service's /faults is, by service"
    )
