"""Reads the fields of a form; BadInput names a field that can't be read, and what was expected."""

from collections.abc import Mapping

from console.shared.errors import BadInput


def number(form: Mapping[str, str], name: str, least: float, most: float) -> float:
    """Return a field as a number from `least` to `most`; raises BadInput."""
    entered = form.get(name, "").strip()
    try:
        value = float(entered)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadInput(f"{name}={entered!r}: expected a number from {least:g} to {most:g}")
    return value


def whole(form: Mapping[str, str], name: str, least: int, most: int) -> int:
    """Return a field as a whole number from `least` to `most`; raises BadInput."""
    value = number(form, name, least, most)
    if value != int(value):
        raise BadInput(f"{name}={form[name]!r}: expected a whole number")
    return int(value)


def text(form: Mapping[str, str], name: str, most: int) -> str:
    """Return a field of at most `most` characters, "" when it is empty; raises BadInput."""
    entered = form.get(name, "").strip()
    if len(entered) > most:
        raise BadInput(f"{name}: expected at most {most} characters, not {len(entered)}")
    return entered


def required(form: Mapping[str, str], name: str) -> str:
    """Return a field that must not be empty; raises BadInput."""
    entered = form.get(name, "").strip()
    if not entered:
        raise BadInput(f"{name} is empty")
    return entered
