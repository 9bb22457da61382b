"""What remains of a span's attributes: its user, annotations (indexed) and metadata (not indexed)."""

import re
from typing import Any

import orjson

from local.xray.otlp.attributes import Attributes
from local.xray.segments import Document

USER = "enduser.id"
ANNOTATED = "aws.xray.annotations"  # a list of the keys that shall become annotations
METADATA_PREFIX = "aws.xray.metadata."  # before a namespace; its value is the JSON of an object
DEFAULT_NAMESPACE = "default"
NOT_IN_KEYS = re.compile(r"[^0-9A-Za-z.]")


def split(attributes: Attributes, resource: Attributes) -> tuple[str, Document, Document]:
    """User, annotations and metadata. `resource` are those attributes that the segment shall show."""
    user = attributes.get(USER)
    keys = attributes.get(ANNOTATED)
    annotated = {key for key in keys if isinstance(key, str)} if isinstance(keys, list) else set()
    annotations: Document = {}
    metadata: Document = {}
    defaults: Document = {}
    for key, value in resource.items():
        if key in annotated and _is_scalar(value):
            annotations[annotation_key(key)] = value
        elif value is not None:
            defaults[key] = value
    for key, value in attributes.items():
        if key in annotated:
            if _is_scalar(value):
                annotations[annotation_key(key)] = value
        elif key.startswith(METADATA_PREFIX) and isinstance(value, str):
            _put_metadata(metadata, defaults, key, value)
        elif value is not None and key != USER and (key != ANNOTATED or not isinstance(keys, list)):
            defaults[key] = value
    if defaults:
        metadata[DEFAULT_NAMESPACE] = defaults
    return user if isinstance(user, str) else "", annotations, metadata


def annotation_key(key: str) -> str:
    """The key with what annotation keys can't have replaced."""
    return NOT_IN_KEYS.sub("_", key)


def _put_metadata(metadata: Document, defaults: Document, key: str, value: str) -> None:
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        content = None
    namespace = key.removeprefix(METADATA_PREFIX)
    if not isinstance(content, dict):
        defaults[key] = value
    elif namespace.lower() == DEFAULT_NAMESPACE:
        defaults.update(content)
    else:
        metadata[namespace] = content


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
