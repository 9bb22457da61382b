"""Attributes of spans, events, links and resources as Python values."""

import base64
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Attributes = dict[str, Any]


def attributes_of(pairs: Iterable[KeyValue]) -> Attributes:
    """The values by their keys; of equal keys the last one counts."""
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: AnyValue) -> Any:
    """The value as JSON has it: bytes become base64, and an empty value None."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(element) for element in value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(value.kvlist_value.values)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return None if kind is None else getattr(value, kind)


def text(attributes: Attributes, *keys: str) -> str:
    """The first text that is not empty among these keys, else ""."""
    for key in keys:
        value = attributes.get(key)
        if value and isinstance(value, str):
            return value
    return ""


def whole(attributes: Attributes, *keys: str) -> int | None:
    """The first whole number among these keys."""
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def without_empty(fields: Attributes) -> Attributes:
    """The fields that have a value: not None, not empty; False and 0 are values."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}
