"""Fills `${VARIABLE:-default}` in the compose file from the environment and `.env`, as Docker does."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REFERENCE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::-(?P<default>(?:[^${}]|\$\{\w+(?::-[^${}]*)?\})*))?\}|(?P<other>.?))",
    re.S,
)
LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)")
VALUE = re.compile(
    r"""(?:'(?P<single>[^']*)'|"(?P<double>[^"\\$]*)"|(?P<bare>[^'"#$\s][^$]*?))(?:\s+\#.*)?|(?:\#.*)?""",
    re.X,
)


class VariableError(Exception):
    """A reference or a line of `.env` that is not supported here."""


def known(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `folder`/.env, overridden by those of `environ`."""
    file = folder / ".env"
    return {**(read_dotenv(file) if file.is_file() else {}), **environ}


def read_dotenv(file: Path) -> dict[str, str]:
    """Read NAME=value lines, quoted or not, and `#` comments. VariableError where Docker would expand."""
    values: dict[str, str] = {}
    for number, text in enumerate(file.read_text().splitlines(), start=1):
        stripped = text.strip()
        if not stripped or stripped.startswith("#"):
            continue
        line = LINE.fullmatch(stripped)
        value = VALUE.fullmatch(line["value"]) if line else None
        if not line or not value:
            raise VariableError(f"{file}:{number}: expected NAME=value, found {stripped!r}")
        values[line["name"]] = value["single"] or value["double"] or value["bare"] or ""
    return values


def fill(value: Any, variables: Mapping[str, str]) -> Any:
    """Return `value` with the references in all its strings filled. Raises VariableError."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda reference: _filled(reference, variables), value)
    if isinstance(value, dict):
        return {key: fill(part, variables) for key, part in value.items()}
    if isinstance(value, list):
        return [fill(part, variables) for part in value]
    return value


def names_in(value: Any) -> set[str]:
    """Return the names of the variables that the strings of `value` refer to."""
    if isinstance(value, str):
        references = [reference for reference in REFERENCE.finditer(value) if reference["name"]]
        in_defaults = (names_in(reference["default"] or "") for reference in references)
        return {reference["name"] for reference in references}.union(*in_defaults)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {name for part in parts for name in names_in(part)}


def _filled(reference: re.Match[str], variables: Mapping[str, str]) -> str:
    if reference["dollar"]:
        return "$"
    if reference["other"] is not None:
        raise VariableError(f"{reference.string!r}: only ${{NAME}}, ${{NAME:-default}} and $$ are understood")
    # the colon of `:-` makes the default hold for an empty variable, too
    return variables.get(reference["name"]) or fill(reference["default"] or "", variables)
