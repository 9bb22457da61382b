"""What the log agent reads from its environment; where CloudWatch is, boto3 knows from its own variables."""

from dataclasses import dataclass

from settings import env, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the agent listens, and how much it holds while CloudWatch is away."""

    host: str = env("HOST", str, default="127.0.0.1", help="address to listen on")
    port: int = env("LOGS_PORT", whole(1, 65535), default=24224, help="port to listen on")
    max_mb: int = env(
        "LOGS_MAX_MB", whole(1, 4096), default=64, help="how many MB of log lines may wait for CloudWatch"
    )
