"""What a run is asked for: how fast, how long, and where."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_RATE, MAX_SECONDS = 200.0, 3600.0
KINDS = ("visitors", "buyers")
TARGET = re.compile(r"http://(127\.0\.0\.1|localhost|[a-z][a-z0-9-]*)(:\d{1,5})?")


class SettingsError(Exception):
    """A variable is wrong; the message names it, what was expected and what to type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """RATE (requests a second), SECONDS, TARGET_URL and SHOPPERS, their kind."""

    rate: float
    seconds: float
    target: str
    kind: str


def load(environ: Mapping[str, str]) -> Settings:
    """Read the variables; raises SettingsError. Shoppers go to this machine or a container only."""
    target = environ.get("TARGET_URL") or "http://127.0.0.1:8080"
    if not TARGET.fullmatch(target):
        raise SettingsError(
            f"TARGET_URL={target!r}: expected http://127.0.0.1:<port> or a service of the stack"
        )
    kind = environ.get("SHOPPERS") or KINDS[0]
    if kind not in KINDS:
        raise SettingsError(f"SHOPPERS={kind!r}: expected {' or '.join(KINDS)}")
    return Settings(
        rate=_number(environ, "RATE", "5", MAX_RATE, "requests a second"),
        seconds=_number(environ, "SECONDS", "60", MAX_SECONDS, "seconds"),
        target=target,
        kind=kind,
    )


def _number(environ: Mapping[str, str], name: str, default: str, most: float, unit: str) -> float:
    text = environ.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise SettingsError(
            f"{name}={text!r}: expected {unit} above 0, at most {most:g}: make traffic {name}={default}"
        )
    return value
