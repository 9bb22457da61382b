"""What every service reads from its environment; a service's own `settings.py` adds to it."""

from dataclasses import dataclass

from services.common.logs import LEVELS
from settings import choice, env, switch, url, whole


def http_url(text: str) -> str:
    """The http address of another service; over https a call's deadline could not be kept (see http.py)."""
    if text.lower().startswith("https:"):
        raise ValueError("expected http://: calls over https are not supported, let a proxy speak TLS")
    return url(text)


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """The settings that all services share."""

    version: str = env("SERVICE_VERSION", str, default="dev", help="version that this process serves")
    commit: str = env("SERVICE_COMMIT", str, default="unknown", help="git commit that it was built from")
    log_level: str = env("LOG_LEVEL", choice(*LEVELS), default="INFO", help="least level that is logged")
    tracing: str = env(
        "TRACING",
        choice("xray", "opentelemetry", "off"),
        default="xray",
        help="what traces requests: AWS's X-Ray SDK, OpenTelemetry's SDK, or nothing",
    )
    faults: bool = env("FAULTS", switch("on", "off"), default=False, help="on: /faults may inject faults")
    faults_dir: str = env(
        "FAULTS_DIR", str, default="", help="folder that keeps what is on over a restart; empty: nothing does"
    )
    metadata_url: str = env(
        "ECS_CONTAINER_METADATA_URI_V4", str, default="", help="where ECS tells a task its id; ECS sets it"
    )
    deadline_ms: int = env(
        "DEADLINE_MS", whole(900, 60_000), default=1800, help="longest time that one request may take, ms"
    )
    allowed_hosts: str = env(
        "ALLOWED_HOSTS",
        choice("any", "local"),
        default="any",
        help="local: answers only under addresses and names that nobody on the internet can own",
    )
