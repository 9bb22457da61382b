"""Reads the answers of CodePipeline and CodeDeploy, in which any field may be missing or null."""

from collections.abc import Mapping
from typing import Any

Answer = Mapping[str, Any]


def text(answer: Answer, *path: str) -> str:
    """Return the text at a path of keys; "" where a part of the path is missing or null."""
    value: Any = answer
    for key in path:
        value = (value or {}).get(key)
    return "" if value is None else str(value)


def epoch_s(when: Any) -> float | None:
    """Return a datetime of boto3's as epoch seconds."""
    return None if when is None else float(when.timestamp())


def seconds_between(start_s: float | None, end_s: float | None) -> float | None:
    """Return how long something took; None unless both times are known."""
    return None if start_s is None or end_s is None else end_s - start_s
