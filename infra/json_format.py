"""Writes JSON for people: a value that fits on one line stays on one. That also keeps templates small."""

import json
from typing import Any

WIDTH = 110


def dumps(value: Any, *, margin: int = 0, used: int = 0) -> str:
    """`value` as JSON, indented by two spaces a level from `margin` on.

    `used` is the number of characters that its first line has already, such as those of a key.
    """
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or margin + used + len(short) < WIDTH:
        return short
    inner = " " * (margin + 2)
    if isinstance(value, list):
        rows = [inner + dumps(entry, margin=margin + 2) for entry in value]
        opening, closing = "[", "]"
    else:
        rows = [
            f"{inner}{json.dumps(key)}: {dumps(entry, margin=margin + 2, used=len(key) + 4)}"
            for key, entry in value.items()
        ]
        opening, closing = "{", "}"
    return opening + "\n" + ",\n".join(rows) + "\n" + " " * margin + closing
