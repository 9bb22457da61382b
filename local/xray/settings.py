"""Configuration of the local X-Ray, read from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """Names the variable, what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, where to keep the traces, and how many of them."""

    host: str
    port: int
    state: Path
    max_mb: int
    max_age_h: int


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read XRAY_HOST, XRAY_PORT, XRAY_STATE_DIR, XRAY_MAX_MB and XRAY_MAX_AGE_H. Raises SettingsError."""
    return Settings(
        host=environ.get("XRAY_HOST") or "127.0.0.1",
        port=_whole(environ, "XRAY_PORT", 2000, 1, 65535),
        state=Path(environ.get("XRAY_STATE_DIR") or ".lantern/state/xray-state"),
        max_mb=_whole(environ, "XRAY_MAX_MB", 256, 1, 100_000),
        max_age_h=_whole(environ, "XRAY_MAX_AGE_H", 168, 1, 720),
    )


def _whole(environ: Mapping[str, str], variable: str, default: int, low: int, high: int) -> int:
    text = environ.get(variable) or str(default)
    if not (text.isascii() and text.isdigit()) or not low <= int(text[:9]) <= high:
        raise SettingsError(f"{variable}={text!r}: expected a whole number from {low} to {high}")
    return int(text)
