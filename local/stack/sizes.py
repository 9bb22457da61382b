"""Sizes as Docker writes them, and as people read them."""

import re

UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def size_of(text: str) -> float:
    """Return the bytes of a size such as `81.84MB`, 0 for none."""
    match = re.fullmatch(r"([\d.]+)([kMGT]?B)", text)
    return float(match[1]) * UNITS[match[2]] if match else 0.0


def megabytes(size: float) -> str:
    """Write a number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"
