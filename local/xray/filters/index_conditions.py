"""Translates a filter expression into SQL over the index, so that few traces need to be assembled.

A condition never excludes a trace that the expression matches. Unless it is exact it may let too many
through; local.xray.filters.matching decides about those.
"""

from dataclasses import dataclass
from typing import Any

from local.xray.filters.expressions import And, Annotation, Compare, Complex, Expression, Flag, Not, Or
from local.xray.status import STATUSES
from local.xray.storage.index import ROOT_SHIFT

COLUMNS = {"responsetime": "response_s", "duration": "duration_s", "http.status": "http_status"}
# keywords whose values are all in the column `words`
IN_WORDS = {
    *("http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type"),
    *("availabilityzone", "instance.id", "resource.arn"),
}
TEXT_OPERATORS = ("=", "CONTAINS", "BEGINSWITH", "ENDSWITH")


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition over `entries`, its parameters, and whether it is as strict as the expression."""

    sql: str = "1"
    parameters: tuple[Any, ...] = ()
    is_exact: bool = False


def index_condition(expression: Expression) -> Condition:
    """The narrowest condition that lets every matching trace through."""
    match expression:
        case And(operands):
            return _joined("AND", [index_condition(operand) for operand in operands])
        case Or(operands):
            return _joined("OR", [index_condition(operand) for operand in operands])
        case Not(operand):
            inner = index_condition(operand)
            return Condition(f"NOT {inner.sql}", inner.parameters, True) if inner.is_exact else Condition()
        case Flag(name, expected):
            return _root_flag(name, expected)
        case Compare():
            return _comparison(expression)
        case Annotation(key, operator, value, _):
            return _in_words([key, value] if operator in TEXT_OPERATORS else [key])
        case Complex(name, nodes, condition) if name in ("service", "edge"):
            named = _in_words([text for node in nodes for text in (node.name, node.type) if text != "client"])
            return _joined("AND", [named, _anywhere(condition, in_edge=name == "edge")])
    return Condition()


def _joined(operator: str, parts: list[Condition]) -> Condition:
    if not parts:
        return Condition(is_exact=operator == "AND")
    return Condition(
        "(" + f" {operator} ".join(part.sql for part in parts) + ")",
        tuple(parameter for part in parts for parameter in part.parameters),
        all(part.is_exact for part in parts),
    )


def _root_flag(name: str, expected: bool) -> Condition:
    if name in STATUSES:
        bit = 1 << STATUSES.index(name) + ROOT_SHIFT
        return Condition(f"((statuses & {bit}) {'<>' if expected else '='} 0)", (), True)
    if name == "partial":
        return Condition(f"(partial = {int(expected)})", (), True)
    return Condition()


def _comparison(expression: Compare) -> Condition:
    if column := COLUMNS.get(expression.name):
        if not expression.operator:
            return Condition(f"({column} IS NOT NULL)", (), True)
        return Condition(f"(({column} {expression.operator} ?) IS TRUE)", (expression.value,), True)
    if expression.name in IN_WORDS and expression.operator in TEXT_OPERATORS:
        return _in_words([expression.value])
    return Condition()


def _in_words(texts: list[Any]) -> Condition:
    """All texts must be in the column `words`; a text with a line break would never be found in one line."""
    usable = tuple(text for text in texts if text and isinstance(text, str) and "\n" not in text)
    if not usable:
        return Condition()
    return Condition("(" + " AND ".join(["instr(words, ?) > 0"] * len(usable)) + ")", usable)


def _anywhere(condition: Expression | None, *, in_edge: bool) -> Condition:
    """What must occur somewhere in a trace for `condition` to hold at one of its nodes or edges."""
    match condition:
        case And(operands):
            return _joined("AND", [_anywhere(operand, in_edge=in_edge) for operand in operands])
        case Or(operands):
            return _joined("OR", [_anywhere(operand, in_edge=in_edge) for operand in operands])
        case Flag(name, True) if name in STATUSES and name != "ok":
            return Condition(f"((statuses & {1 << STATUSES.index(name)}) <> 0)")
        case Annotation():
            return index_condition(condition)
        case Compare() if condition.name in ("user", "name", "type") and not in_edge:
            return index_condition(condition)  # a call's own name, which edges have, is not in `words`
    return Condition()
