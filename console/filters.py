"""Writes X-Ray filter expressions, and finds the character at which a refused one is wrong.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import re
from collections.abc import Iterable

KEYWORDS = (
    *("ok", "error", "throttle", "fault", "partial", "inferred", "first", "last"),
    *(
        "responsetime",
        "duration",
        "http.status",
        "http.url",
        "http.method",
        "http.useragent",
        "http.clientip",
    ),
    *(
        "user",
        "name",
        "type",
        "service()",
        "edge()",
        "annotation[]",
        "group.name",
        "AND",
        "OR",
        "NOT",
        "CONTAINS",
    ),
    *("BEGINSWITH", "ENDSWITH", "rootcause.fault.service", "rootcause.error.service"),
)


def quoted(text: str) -> str:
    """A string of the expression language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def both(first: str, second: str) -> str:
    """Two expressions that must hold together."""
    if not first.strip() or not second.strip():
        return first.strip() or second.strip()
    return f"{_bracketed(first.strip())} AND {_bracketed(second.strip())}"


def node(name: str, node_type: str, inner: str = "") -> str:
    """Traces that touch a node, and what must hold there."""
    who = f"id(name: {quoted(name)}, type: {quoted(node_type)})" if node_type else quoted(name)
    return f"service({who})" + (f" {{ {inner} }}" if inner else "")


def version(version: str, name: str = "") -> str:
    """Traces in which a service says that it is of a version; without a name, any service."""
    said = f"annotation[version] = {quoted(version)}"
    return node(name, "", said) if name else said


def edge(source: tuple[str, str], target: tuple[str, str], inner: str = "") -> str:
    """Traces with a call from one node to another, what must hold for it; a node is (name, type)."""
    ends = ", ".join(
        f"id(name: {quoted(n)}, type: {quoted(t)})" if t else quoted(n) for n, t in (source, target)
    )
    return f"edge({ends})" + (f" {{ {inner} }}" if inner else "")


def status_and_time(statuses: Iterable[str], least_ms: float | None, most_ms: float | None) -> str:
    """What a brushed histogram and its tick-boxes ask for."""
    names = list(statuses)
    parts = [names[0] if len(names) == 1 else f"({' OR '.join(names)})"] if names else []
    if least_ms is not None:
        parts.append(f"responsetime >= {least_ms / 1000:.6g}")
    if most_ms is not None:
        parts.append(f"responsetime <= {most_ms / 1000:.6g}")
    return " AND ".join(parts)


def wrong_at(message: str, length: int) -> int | None:
    """The index of the character that a refusal names, 0-based; None when it names none."""
    found = re.search(r"\bcharacter (\d+)", message)
    return min(int(found[1]) - 1, length) if found and int(found[1]) > 0 else None


def _bracketed(expression: str) -> str:
    return (
        f"({expression})"
        if re.search(r"\bOR\b", expression, re.IGNORECASE) and not _is_bracketed(expression)
        else expression
    )


def _is_bracketed(expression: str) -> bool:
    """Whether one pair of brackets is round all of it; texts may hold brackets of their own."""
    depth = 0
    bare = re.sub(r'"(\\.|[^"\\])*"', lambda found: "_" * len(found[0]), expression)
    for place, character in enumerate(bare):
        depth += (character == "(") - (character == ")")
        if not depth:
            return place == len(bare) - 1 and expression[0] == "("
    return False
