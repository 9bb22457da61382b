"""Configuration: one frozen dataclass a service, read from the environment once and refused as a whole."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from services.common.logs import LEVELS

T = TypeVar("T")


class SettingsError(Exception):
    """Names every variable that is missing or wrong, what was expected and what was found."""


def env(variable: str, parse: Callable[[str], T], *, help: str, default: T | None = None) -> T:
    """Declare a field that is read from `variable`; no default means the variable is required."""
    meta = {"variable": variable, "parse": parse, "help": help, "required": default is None}
    if default is None:
        field: T = dataclasses.field(metadata=meta)
        return field
    return dataclasses.field(default=default, metadata=meta)


def load(settings: type[T], environ: Mapping[str, str]) -> T:
    """Read `settings` from the environment; raise SettingsError naming every wrong variable at once.

    An empty variable counts as not set, as in docker-compose's `${NAME:-default}`.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        variable, text = field.metadata["variable"], environ.get(field.metadata["variable"], "")
        if not text:
            if field.metadata["required"]:
                wrong.append(f"{variable} is not set: {field.metadata['help']}")
            continue
        try:
            values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            wrong.append(f"{variable}={text!r}: {error} ({field.metadata['help']})")
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings(**values)


def url(text: str) -> str:
    """An http(s) address without a trailing slash."""
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise ValueError("expected an address such as http://catalog:8080")
    return text.rstrip("/")


def switch(text: str) -> bool:
    """`on` or `off`."""
    if text.lower() not in ("on", "off"):
        raise ValueError("expected on or off")
    return text.lower() == "on"


def log_level(text: str) -> str:
    """A level of the standard logging module, in capitals."""
    if text.upper() not in LEVELS:
        raise ValueError(f"expected one of {', '.join(LEVELS)}")
    return text.upper()


def between(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(text)

    return parse


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """What every service reads; a service adds its own."""

    version: str = env("SERVICE_VERSION", str, default="dev", help="version that this process serves")
    commit: str = env("SERVICE_COMMIT", str, default="unknown", help="git commit that it was built from")
    log_level: str = env("LOG_LEVEL", log_level, default="INFO", help="least level that is logged")
    faults: bool = env(
        "FAULTS", switch, default=False, help="on: /faults may inject faults; off: it is not there"
    )
    deadline_ms: int = env(
        "DEADLINE_MS", between(900, 60_000), default=1800, help="longest time that one request may take, ms"
    )
