"""What can be set from outside; where CloudWatch is, boto3 knows from its own variables."""

from collections.abc import Mapping
from dataclasses import dataclass


class SettingsError(Exception):
    """A variable is wrong; the message names it and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """HOST, LOGS_PORT and LOGS_MAX_MB: where it listens, and what it holds while CloudWatch is away."""

    host: str = "127.0.0.1"
    port: int = 24224
    max_mb: int = 64


def load(environ: Mapping[str, str]) -> Settings:
    """Read the variables; raises SettingsError."""
    return Settings(
        host=environ.get("HOST") or "127.0.0.1",
        port=_whole(environ, "LOGS_PORT", 24224, 65535),
        max_mb=_whole(environ, "LOGS_MAX_MB", 64, 4096),
    )


def _whole(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdigit() or not 0 < int(text) <= most:
        raise SettingsError(f"{name}={text!r}: expected a whole number from 1 to {most}")
    return int(text)
