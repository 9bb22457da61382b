"""Writes X-Ray filter expressions, and finds the character at which a refused one is wrong.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import re
from collections.abc import Iterable

ORDER_ID = re.compile(r"ord-[0-9a-f]{24}")
KEYWORDS = (  # what the input field completes
    *("ok", "error", "throttle", "fault", "partial", "inferred", "first", "last", "responsetime", "duration"),
    *("http.status", "http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type"),
    *("service()", "edge()", "annotation[]", "group.name", "AND", "OR", "NOT", "CONTAINS"),
    *("BEGINSWITH", "ENDSWITH", "rootcause.fault.service", "rootcause.error.service"),
)


def quoted(text: str) -> str:
    """Return `text` as a string of the expression language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def all_of(first: str, second: str) -> str:
    """Return an expression that matches what both match; an empty one matches anything."""
    if not first.strip() or not second.strip():
        return first.strip() or second.strip()
    return f"{_bracketed(first.strip())} AND {_bracketed(second.strip())}"


def node(name: str, node_type: str, condition: str = "") -> str:
    """Return the expression for traces through a node at which `condition` holds."""
    return f"service({_id(name, node_type)})" + _braced(condition)


def version(version: str, name: str = "") -> str:
    """Return the expression for traces of a version of the service `name`; without it, of any service."""
    condition = annotation("version", version)
    return node(name, "", condition) if name else condition


def annotation(key: str, value: str) -> str:
    """Return the expression for traces with a segment that is annotated so."""
    return f"annotation[{key}] = {quoted(value)}"


def edge(source: tuple[str, str], target: tuple[str, str], condition: str = "") -> str:
    """Return the expression for traces with a call between two nodes (name, type) that meets `condition`."""
    return f"edge({_id(*source)}, {_id(*target)})" + _braced(condition)


def status_and_time(statuses: Iterable[str], least_ms: float | None, most_ms: float | None) -> str:
    """Return the condition for any of the statuses and a response time in milliseconds from least to most."""
    names = list(statuses)
    parts = [names[0] if len(names) == 1 else f"({' OR '.join(names)})"] if names else []
    if least_ms is not None:
        parts.append(f"responsetime >= {least_ms / 1000:.6g}")
    if most_ms is not None:
        parts.append(f"responsetime <= {most_ms / 1000:.6g}")
    return " AND ".join(parts)


def wrong_at(message: str, length: int) -> int | None:
    """Return the 0-based index, `length` at most, of the character that X-Ray's refusal names, or None."""
    match = re.search(r"\bcharacter (\d+)", message)
    return min(int(match[1]) - 1, length) if match and int(match[1]) > 0 else None


def _id(name: str, node_type: str) -> str:
    return f"id(name: {quoted(name)}, type: {quoted(node_type)})" if node_type else quoted(name)


def _braced(condition: str) -> str:
    return f" {{ {condition} }}" if condition else ""


def _bracketed(expression: str) -> str:
    needs_brackets = re.search(r"\bOR\b", expression, re.IGNORECASE) and not _is_bracketed(expression)
    return f"({expression})" if needs_brackets else expression


def _is_bracketed(expression: str) -> bool:
    """Whether one pair of brackets encloses the whole expression; brackets in strings do not count."""
    depth = 0
    bare = re.sub(r'"(\\.|[^"\\])*"', lambda match: "_" * len(match[0]), expression)
    for place, character in enumerate(bare):
        depth += (character == "(") - (character == ")")
        if not depth:
            return place == len(bare) - 1 and expression[0] == "("
    return False
