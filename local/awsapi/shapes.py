"""Turns request JSON into Python values and answers back, by the shapes of a botocore model.

Timestamps become epoch seconds (float) inside; on the wire they may come as numbers or ISO 8601 text.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape, StructureShape

from local.awsapi.errors import ValidationException

MAX_DEPTH = 32
NUMBERS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def parse(shape: Shape | None, value: Any) -> dict[str, Any]:
    """The validated input of an operation. Raises ValidationException, worded as AWS does.

    Patterns must match the whole of a text.
    """
    if shape is None:
        return {}
    parsed: dict[str, Any] = _parse(shape, {} if value is None else value, "", 0)
    return parsed


def render(shape: Shape | None, value: Any) -> Any:
    """The answer as JSON values; members that the value lacks become null, as the service writes them."""
    if shape is None or value is None:
        return {} if shape is None else None
    if isinstance(shape, StructureShape):
        return {name: render(member, value.get(name)) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [render(shape.member, element) for element in value]
    if shape.type_name == "map":
        return {key: render(shape.value, member) for key, member in value.items()}
    return value


def without_nulls(value: Any) -> Any:
    """`value` without the members that are null: services of the json protocol omit them."""
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(element) for element in value]
    return value


def _parse(shape: Shape, value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValidationException("the request is nested too deeply")
    parser = PARSERS.get(shape.type_name)
    if parser is None:
        raise ValidationException(f"a {shape.type_name} is not supported at '{path}'")
    return parser(shape, value, path, depth)


def _structure(shape: Any, value: Any, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _violation(path, value, "Member must be an object")
    for name in shape.required_members:
        if value.get(name) is None:
            raise _violation(f"{path}.{_member(name)}".lstrip("."), None, "Member must not be null")
    return {
        name: _parse(member, value[name], f"{path}.{_member(name)}".lstrip("."), depth + 1)
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _list(shape: Any, value: Any, path: str, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise _violation(path, value, "Member must be a list")
    _check_length(shape, len(value), path, value)
    return [
        _parse(shape.member, element, f"{path}.{n}.member", depth + 1) for n, element in enumerate(value, 1)
    ]


def _map(shape: Any, value: Any, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _violation(path, value, "Member must be an object")
    _check_length(shape, len(value), path, value)
    return {key: _parse(shape.value, member, f"{path}.{key}", depth + 1) for key, member in value.items()}


def _string(shape: Any, value: Any, path: str, _depth: int) -> str:
    if not isinstance(value, str):
        raise _violation(path, value, "Member must be a string")
    _check_length(shape, len(value), path, value)
    if shape.enum and value not in shape.enum:
        choices = ", ".join(shape.enum)
        raise _violation(path, value, f"Member must satisfy enum value set: [{choices}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise _violation(path, value, f"Member must satisfy regular expression pattern: {pattern}")
    return value


def _number(shape: Any, value: Any, path: str, _depth: int) -> float:
    whole = shape.type_name in NUMBERS
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise _violation(path, value, "Member must be a whole number" if whole else "Member must be a number")
    low, high = NUMBERS.get(shape.type_name, (float("-inf"), float("inf")))
    low, high = max(low, shape.metadata.get("min", low)), min(high, shape.metadata.get("max", high))
    if value < low:
        raise _violation(path, value, f"Member must have value greater than or equal to {low:g}")
    if value > high:
        raise _violation(path, value, f"Member must have value less than or equal to {high:g}")
    return value


def _boolean(_shape: Any, value: Any, path: str, _depth: int) -> bool:
    if not isinstance(value, bool):
        raise _violation(path, value, "Member must be true or false")
    return value


def _timestamp(_shape: Any, value: Any, path: str, _depth: int) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    raise _violation(path, value, "Member must be a timestamp: epoch seconds or ISO 8601")


PARSERS: dict[str, Callable[[Any, Any, str, int], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _check_length(shape: Any, length: int, path: str, value: Any) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        raise _violation(path, value, f"Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        raise _violation(path, value, f"Member must have length less than or equal to {high}")


def _member(name: str) -> str:
    return name[0].lower() + name[1:]


def _violation(path: str, value: Any, constraint: str) -> ValidationException:
    quoted = "null" if value is None else f"'{str(value)[:100]}'"
    where = path or "request"
    return ValidationException(
        f"1 validation error detected: Value {quoted} at '{where}' failed to satisfy constraint: {constraint}"
    )
