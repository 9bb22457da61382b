"""What the local X-Ray reads from its environment."""

from dataclasses import dataclass
from pathlib import Path

from settings import env, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where to listen, where to keep the traces, and how many of them."""

    host: str = env("XRAY_HOST", str, default="127.0.0.1", help="address to listen on")
    port: int = env("XRAY_PORT", whole(1, 65535), default=2000, help="port, UDP and TCP alike")
    otlp_port: int = env(
        "OTLP_PORT",
        whole(0, 65535),
        default=4318,
        help="port for OpenTelemetry's exporters; XRAY_PORT takes them too, and 0 leaves it at that",
    )
    aws: str = env(
        "AWS_ENDPOINT_URL",
        str,
        default="",
        help="the local AWS: its IAM says what tasks may ask, and its log group aws/spans takes spans with "
        "the destination CloudWatchLogs",
    )
    state: Path = env(
        "XRAY_STATE_DIR", Path, default=Path(".lantern/state/xray-state"), help="where the traces are kept"
    )
    max_mb: int = env(
        "XRAY_MAX_MB", whole(1, 100_000), default=256, help="how much of the disk they may take"
    )
    max_age_h: int = env("XRAY_MAX_AGE_H", whole(1, 720), default=168, help="how long they are kept, hours")
