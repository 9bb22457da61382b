"""Reads the fields of a form; what can't be read is told by the field's name."""

from collections.abc import Mapping

from console.errors import BadInput


def number(form: Mapping[str, str], name: str, least: float, most: float) -> float:
    """A field as a number from `least` to `most`; raises BadInput."""
    text = form.get(name, "").strip()
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadInput(f"{name}={text!r}: expected a number from {least:g} to {most:g}")
    return value


def whole(form: Mapping[str, str], name: str, least: int, most: int) -> int:
    """A field as a whole number from `least` to `most`; raises BadInput."""
    value = number(form, name, least, most)
    if value != int(value):
        raise BadInput(f"{name}={form[name]!r}: expected a whole number")
    return int(value)


def required(form: Mapping[str, str], name: str) -> str:
    """A field that must not be empty; raises BadInput."""
    if not form.get(name, "").strip():
        raise BadInput(f"{name} is empty")
    return form[name].strip()
