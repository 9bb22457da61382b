"""What of a filter expression SQLite can answer from the index, so that only few traces are put together.

A condition is either exact or lets too much through, never too little; what it lets through is looked at by
local.xray.matching.
"""

from dataclasses import dataclass
from typing import Any

from local.xray.expressions import And, Annotation, Compare, Complex, Expression, Flag, Not, Or
from local.xray.index import ROOT_SHIFT
from local.xray.statistics import OUTCOMES

COLUMNS = {"responsetime": "response_s", "duration": "duration_s", "http.status": "status"}
# Keywords whose texts are all among the words of the index
WORDS = {"http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type"}


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over `entries`, its parameters, and whether it says just what the expression says."""

    sql: str = "1"
    parameters: tuple[Any, ...] = ()
    is_exact: bool = False


def condition(expression: Expression) -> Condition:
    """The narrowest condition that lets every matching trace through."""
    match expression:
        case And(parts):
            return _joined("AND", [condition(part) for part in parts])
        case Or(parts):
            return _joined("OR", [condition(part) for part in parts])
        case Not(inner):
            inside = condition(inner)
            return Condition(f"NOT {inside.sql}", inside.parameters, True) if inside.is_exact else Condition()
        case Flag(name, wanted):
            return _flag(name, wanted)
        case Compare():
            return _compared(expression)
        case Annotation(key, operator, value, _):
            texts = [key, value] if operator in ("=", "CONTAINS", "BEGINSWITH", "ENDSWITH") else [key]
            return _words([text for text in texts if isinstance(text, str)])
        case Complex(name, who, inner) if name in ("service", "edge"):
            named = _words(
                [text for one in who for text in (one.name, one.type) if text and text != "client"]
            )
            return _joined("AND", [named, _anywhere(inner, in_edge=name == "edge")])
    return Condition()


def _joined(word: str, parts: list[Condition]) -> Condition:
    if not parts:
        return Condition()
    return Condition(
        "(" + f" {word} ".join(part.sql for part in parts) + ")",
        tuple(parameter for part in parts for parameter in part.parameters),
        all(part.is_exact for part in parts),
    )


def _flag(name: str, wanted: bool) -> Condition:
    if name in OUTCOMES:
        bit = 1 << OUTCOMES.index(name) + ROOT_SHIFT
        test = f"(outcomes & {bit}) {'<>' if wanted else '='} 0"
        return Condition(f"({test})", (), True)
    if name == "partial":
        return Condition(f"(partial = {int(wanted)})", (), True)
    return Condition()


def _compared(asked: Compare) -> Condition:
    if column := COLUMNS.get(asked.name):
        if not asked.operator:
            return Condition(f"({column} IS NOT NULL)", (), True)
        return Condition(f"(({column} {asked.operator} ?) IS TRUE)", (asked.value,), True)
    if asked.name in WORDS and asked.operator in ("=", "CONTAINS", "BEGINSWITH", "ENDSWITH"):
        return _words([asked.value])
    return Condition()


def _words(texts: list[str]) -> Condition:
    """Texts that must be among the words; a line break would never be found in one line."""
    usable = tuple(text for text in texts if text and "\n" not in text)
    return (
        Condition("(" + " AND ".join(["instr(words, ?) > 0"] * len(usable)) + ")", usable)
        if usable
        else Condition()
    )


def _anywhere(inner: Expression | None, *, in_edge: bool) -> Condition:
    """What must be somewhere in a trace for `inner` to hold at one of its nodes or edges."""
    match inner:
        case And(parts):
            return _joined("AND", [_anywhere(part, in_edge=in_edge) for part in parts])
        case Or(parts):
            return _joined("OR", [_anywhere(part, in_edge=in_edge) for part in parts])
        case Flag(name, True) if name in OUTCOMES and name != "ok":
            return Condition(f"((outcomes & {1 << OUTCOMES.index(name)}) <> 0)")
        case Annotation():
            return condition(inner)
        case Compare() if inner.name in ("user", "name", "type") and not in_edge:
            return condition(inner)  # of every node; a call's own name is not among the words
    return Condition()
