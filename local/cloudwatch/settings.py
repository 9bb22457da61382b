"""The log agent's settings; the address of CloudWatch comes from boto3's own variables (AWS_ENDPOINT_URL)."""

from dataclasses import dataclass

from settings import env, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the agent listens, and how many lines it keeps while CloudWatch cannot be reached."""

    host: str = env("HOST", str, default="127.0.0.1", help="address to listen on")
    port: int = env("LOGS_PORT", whole(1, 65535), default=24224, help="port to listen on")
    max_mb: int = env(
        "LOGS_MAX_MB", whole(1, 4096), default=64, help="how many MB of log lines may wait for CloudWatch"
    )
