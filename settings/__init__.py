"""Reads settings from environment variables into a frozen dataclass, and names all wrong ones at once.

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        port: int = env("PORT", whole(1, 65535), default=8080, help="port to listen on")

Everything that runs uses it, so it needs the standard library alone and imports nothing of this repository.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
N = TypeVar("N", int, float)


class SettingsError(Exception):
    """Names every variable that is missing or wrong, its value, what was expected and what it is for."""


@dataclass(frozen=True, slots=True)
class Variable:
    """The environment variable behind one field; `default` is None where the variable is required."""

    name: str
    parse: Callable[[str], Any]
    help: str
    default: Any


def env(name: str, parse: Callable[[str], T], *, help: str, default: T | None = None) -> T:
    """Declare a field that is read from the variable `name`; without a default the variable is required.

    `parse` makes the value from the variable's text; its ValueError says what was expected.
    """
    default_factory: Any = dataclasses.MISSING if default is None else lambda: default
    metadata = {Variable: Variable(name, parse, help, default)}
    field: T = dataclasses.field(default_factory=default_factory, metadata=metadata)
    return field


def variables(settings: type) -> dict[str, Variable]:
    """The variables that a settings class reads, by the name of the field."""
    return {field.name: field.metadata[Variable] for field in dataclasses.fields(settings)}


def load(settings: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """Read a settings class from the environment. Raises SettingsError naming every wrong variable at once.

    An empty variable counts as not set, as in docker-compose's `${NAME:-default}`.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field, variable in variables(settings).items():
        text = environ.get(variable.name, "")
        try:
            if text:
                values[field] = variable.parse(text)
            elif variable.default is None:
                wrong.append(f"{variable.name} is not set: {variable.help}")
        except ValueError as error:
            wrong.append(f"{variable.name}={text!r}: {error} ({variable.help})")
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings(**values)


def url(text: str) -> str:
    """An http(s) address without a trailing slash."""
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise ValueError("expected an address such as http://catalog:8080")
    return text.rstrip("/")


def choice(*allowed: str) -> Callable[[str], str]:
    """One of the allowed words, in whatever case it is written."""
    expected = " or ".join(filter(None, (", ".join(allowed[:-1]), allowed[-1])))

    def parse(text: str) -> str:
        for word in allowed:
            if word.lower() == text.lower():
                return word
        raise ValueError(f"expected {expected}")

    return parse


def switch(on: str, off: str) -> Callable[[str], bool]:
    """True for the word `on`, False for the word `off`."""
    word = choice(on, off)
    return lambda text: word(text) == on


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""
    return _between(int, r"-?[0-9]{1,9}", "a whole number", low, high)


def number(low: float, high: float) -> Callable[[str], float]:
    """A decimal number from `low` to `high`."""
    return _between(float, r"[0-9]{1,9}(\.[0-9]*)?", "a number", low, high)


def _between(kind: Callable[[str], N], pattern: str, name: str, low: N, high: N) -> Callable[[str], N]:
    def parse(text: str) -> N:
        if not re.fullmatch(pattern, text) or not low <= kind(text) <= high:
            raise ValueError(f"expected {name} from {low:g} to {high:g}")
        return kind(text)

    return parse
